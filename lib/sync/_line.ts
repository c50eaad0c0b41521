import { LinkedList } from "../base/linked_list.ts";
import { Waiter } from "../task/waiter.ts";

/** What stands in a {@linkcode Line}. */
export abstract class Turn<T> extends Waiter<T, void> {
  /** Its number in the order of arrival. */
  ticket = 0;
}

/** Waits in order of arrival; one that comes back gets its old place. */
export class Line<T> {
  readonly #list: LinkedList<Turn<T>> = new LinkedList();
  #tickets = 0;
  // Those who come back mostly do so one behind the other: the next place is next to the last.
  #last: Turn<T> | undefined = undefined;

  /** Stand at the end. */
  join(turn: Turn<T>): void {
    turn.ticket = this.#tickets++;
    this.#list.append(turn);
  }

  /** Stand where it stood before it was woken. */
  rejoin(turn: Turn<T>): void {
    let before = this.#last;
    if (before === undefined || before.ticket > turn.ticket) before = undefined;
    let after = before === undefined ? this.#list.first : before.next as Turn<T> | undefined;
    while (after !== undefined && after.ticket < turn.ticket) {
      before = after;
      after = after.next as Turn<T> | undefined;
    }
    this.#list.insertAfter(before, turn);
    this.#last = turn;
  }

  /** Leave; the place is gone. */
  leave(turn: Turn<T>): void {
    if (this.#last === turn) this.#last = turn.previous as Turn<T> | undefined;
    this.#list.remove(turn);
  }

  /** Wake the first. */
  wakeFirst(): void {
    const turn = this.#list.first;
    if (turn === undefined) return;
    this.leave(turn);
    turn.wake();
  }

  /** Wake all. */
  wakeAll(): void {
    while (this.#list.size > 0) this.wakeFirst();
  }
}
