import type { Line } from "../base/line.ts";
import { Waiter, type Withdrawal } from "../task/waiter.ts";

/** Stands in a line until it is woken; cancelled, it just leaves. */
export class Standing<T> extends Waiter<T> {
  readonly #line: Line<Standing<T>>;

  constructor(line: Line<Standing<T>>) {
    super();
    this.#line = line;
    line.append(this);
  }

  protected override onWithdraw(): Withdrawal {
    this.#line.remove(this);
    return "left";
  }
}

/** Wake up to `n` of those who stand in `line`, the oldest first. */
export function wakeUpTo<T>(line: Line<Standing<T>>, n: number, value: T): void {
  for (let left = Math.min(n, line.size); left > 0; left--) line.shift()!.wake(value);
}
