import { LinkedList } from "../base/linked_list.ts";
import type { Waiter } from "../task/waiter.ts";

/** Waits in order of arrival. */
export class Line<T> {
  readonly #list: LinkedList<Waiter<T, void>> = new LinkedList();

  /** Stand at the end. */
  join(wait: Waiter<T, void>): void {
    this.#list.append(wait);
  }

  /** Leave; the place is gone. */
  leave(wait: Waiter<T, void>): void {
    this.#list.remove(wait);
  }

  /** Wake the first. */
  wakeFirst(): void {
    this.#list.shift()?.wake();
  }

  /** Wake all. */
  wakeAll(): void {
    while (this.#list.size > 0) this.wakeFirst();
  }
}
