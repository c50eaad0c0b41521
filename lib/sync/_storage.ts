import { Deque } from "../base/deque.ts";
import { Heap } from "../base/heap.ts";

/** Where a queue keeps its items, and in which order it gives them. */
export interface Storage<T> {
  /** How many there are. */
  readonly size: number;
  /** Add one. What it throws comes out before anything has changed. */
  push(item: T): void;
  /** Take the next one; called only when there is one. */
  take(): T;
}

/** First in, first out. */
export class Fifo<T> extends Deque<T> implements Storage<T> {
  take(): T {
    return this.shift() as T;
  }
}

/** Last in, first out. */
export class Stack<T> extends Deque<T> implements Storage<T> {
  take(): T {
    return this.pop() as T;
  }
}

/** The lowest first. */
export class Ranked<T> extends Heap<T> implements Storage<T> {
  take(): T {
    return this.pop() as T;
  }
}
