import { Deque } from "../base/deque.ts";
import { Heap } from "../base/heap.ts";

/** Where a queue keeps its items, and in which order it gives them. */
export interface Storage<T> {
  /** How many items there are. */
  readonly size: number;
  /** Add an item. What this throws comes out before anything has changed. */
  push(item: T): void;
  /** Take the next item; called only when there is one. */
  take(): T;
}

/** Items first in, first out. */
export class Fifo<T> extends Deque<T> implements Storage<T> {
  take(): T {
    return this.shift() as T;
  }
}

/** Items last in, first out. */
export class Stack<T> extends Deque<T> implements Storage<T> {
  take(): T {
    return this.pop() as T;
  }
}

/** Items with the lowest first. */
export class Ranked<T> extends Heap<T> implements Storage<T> {
  take(): T {
    return this.pop() as T;
  }
}
