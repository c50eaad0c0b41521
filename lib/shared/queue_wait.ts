import type { again, CancelOutcome } from "../core/waiter.ts";
import { LineWait } from "./queued_wait.ts";
import { GETTERS, JOINERS, PUTTERS } from "./protocol/queue_protocol.ts";
import type { Item } from "./ring_items.ts";

/** What the waits at a queue of `T` ask of it. */
export interface QueueDesk<T> {
  /** A wait is called off. */
  leave(wait: QueueWait<T>): void;
  /** A wait that was called cannot make use of it. */
  lost(wait: QueueWait<T>): void;
  /** A wait that was called takes what it came for, or stands in line again. */
  resume(wait: Getter<T> | Putter<T>): T | void | typeof again;
  /** A wait was told that all items are done. */
  joined(wait: Joiner<T>): void;
}

/** A wait in one of the lines of a queue of `T`. What it resolves with depends on the line. */
export abstract class QueueWait<T> extends LineWait<T | void> {
  /** Which line it is. */
  readonly line: number;
  protected readonly desk: QueueDesk<T>;

  constructor(desk: QueueDesk<T>, line: number) {
    super();
    this.desk = desk;
    this.line = line;
  }

  protected override onWithdraw(): CancelOutcome {
    this.desk.leave(this);
    return "left";
  }

  protected override onLost(): void {
    this.desk.lost(this);
  }
}

/** A wait for an item. */
export class Getter<T> extends QueueWait<T> {
  constructor(desk: QueueDesk<T>) {
    super(desk, GETTERS);
  }

  protected override onResume(): T | void | typeof again {
    return this.desk.resume(this);
  }
}

/** A wait for room. */
export class Putter<T> extends QueueWait<T> {
  /** What it is to put. */
  readonly item: Item;
  /** Whether it was called and found no room all the same: newcomers are held back for it. */
  hungry = false;

  constructor(desk: QueueDesk<T>, item: Item) {
    super(desk, PUTTERS);
    this.item = item;
  }

  protected override onResume(): T | void | typeof again {
    return this.desk.resume(this);
  }
}

/** A wait until all items are done. */
export class Joiner<T> extends QueueWait<T> {
  constructor(desk: QueueDesk<T>) {
    super(desk, JOINERS);
  }

  protected override onResume(): void {
    this.desk.joined(this);
  }
}
