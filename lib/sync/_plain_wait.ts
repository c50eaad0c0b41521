import type { WaitQueue } from "../base/slot_queue.ts";
import { type CancelOutcome, Waiter } from "../core/waiter.ts";

/** Stands in a line until it is woken; cancelled, it just leaves. */
export class Standing<T> extends Waiter<T> {
  readonly #line: WaitQueue<Standing<T>>;

  constructor(line: WaitQueue<Standing<T>>) {
    super();
    this.#line = line;
    line.append(this);
  }

  protected override onWithdraw(): CancelOutcome {
    this.#line.remove(this);
    return "left";
  }
}

/** Wake up to `n` of those who stand in `line`, the oldest first. */
export function wakeUpTo<T>(line: WaitQueue<Standing<T>>, n: number, value: T): void {
  for (let left = Math.min(n, line.size); left > 0; left--) line.shift()!.wake(value);
}
