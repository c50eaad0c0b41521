import type { WaitQueue } from "../base/slot_queue.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";
import type { WaitSubject } from "../core/wait_subject.ts";

/** A wait that holds nothing: it stands in a queue until it is woken, and cancelled it just leaves. */
export class PlainWait<T> extends Waiter<T> {
  readonly #queue: WaitQueue<PlainWait<T>>;
  readonly #kind: string;

  constructor(queue: WaitQueue<PlainWait<T>>, kind: string) {
    super();
    this.#kind = kind;
    this.#queue = queue;
    queue.append(this);
  }

  /** Wake up to `n` of those who wait in `queue`, the oldest first. */
  static wake<T>(queue: WaitQueue<PlainWait<T>>, n: number, value: T): void {
    for (let left = Math.min(n, queue.size); left > 0; left--) queue.shift()!.wake(value);
  }

  override describe(): WaitSubject {
    return { kind: this.#kind };
  }

  protected override onWithdraw(): CancelOutcome {
    this.#queue.remove(this);
    return "left";
  }
}
