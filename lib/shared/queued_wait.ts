import { type LinkedEntry, LinkedList } from "../base/linked_list.ts";
import { Waiter } from "../core/waiter.ts";
import type { Home } from "./shared_block.ts";
import type { Lines } from "./protocol/wait_queues.ts";
import { holdFor, letGo, type Pulsed } from "./poller.ts";
import { Watch } from "./word_watcher.ts";

/** An asynchronous wait in a line of a shared object. */
export abstract class LineWait<T> extends Waiter<T, void> implements LinkedEntry {
  list: LinkedList<LinkedEntry> | undefined = undefined;
  next: LinkedEntry | undefined = undefined;
  previous: LinkedEntry | undefined = undefined;
  /** Where it stands. */
  stand: Stand<T> | undefined = undefined;
  /** Its number in the order of arrival in this thread. */
  ticket = 0;
}

/** A place that this thread has in a line, and the waits it stands for. */
class Stand<T> {
  readonly place: number;
  readonly waits: LinkedList<LineWait<T>> = new LinkedList();
  /** How many of them were woken. */
  woken = 0;
  /** How many of those are over. */
  over = 0;
  watch: Watch | undefined = undefined;

  constructor(place: number) {
    this.place = place;
  }
}

/**
 * The asynchronous waits of this thread in one line of a shared object.
 *
 * However many there are, those that came one after the other take one place between them.
 */
export class LineWaits<T> implements Pulsed {
  readonly #home: Home;
  readonly #lines: Lines;
  readonly #line: number;
  readonly #stands = new Map<number, Stand<T>>();
  // Those for whom there was no place.
  readonly #homeless: LinkedList<LineWait<T>> = new LinkedList();
  readonly #retry: (wait: LineWait<T>) => boolean;
  #last: Stand<T> | undefined = undefined;
  #tickets = 0;
  // Those who come back mostly do so one behind the other: the next place is next to the last.
  #back: LineWait<T> | undefined = undefined;

  /**
   * @param retry Try again to find a place for a wait, by `place`; or wake it. `false` if there is
   *   no place still.
   */
  constructor(
    home: Home,
    lines: Lines,
    line: number,
    retry: (wait: LineWait<T>) => boolean,
  ) {
    this.#home = home;
    this.#lines = lines;
    this.#line = line;
    this.#retry = retry;
    home.onCross(() => this.#stands.forEach((stand) => this.#watch(stand)));
  }

  /** The place that waits of this thread may share, for `Lines.join`. */
  get mine(): number {
    return this.#last?.place ?? 0;
  }

  /** The same, for joining at the front. Call it inside, or where it does not matter. */
  get mineInFront(): number {
    const first = this.#lines.first(this.#line);
    return this.#stands.has(first) ? first : 0;
  }

  /** Whether there are some that have no place. */
  get crowded(): boolean {
    return this.#homeless.size > 0;
  }

  /**
   * Let `wait` stand at a place that it was given; 0 if there was none.
   *
   * @param back Whether it was called before, and comes back to where it stood.
   */
  place(wait: LineWait<T>, place: number, back = false): void {
    if (!back) wait.ticket = this.#tickets++;
    if (place === 0) {
      if (this.#homeless.size === 0) holdFor(this);
      if (back) this.#homeless.prepend(wait);
      else this.#homeless.append(wait);
      return;
    }
    let stand = this.#stands.get(place);
    if (stand === undefined) {
      stand = new Stand<T>(place);
      this.#stands.set(place, stand);
      if (!back || this.#last === undefined) this.#last = stand;
    }
    wait.stand = stand;
    if (back) this.#insert(stand, wait);
    else stand.waits.append(wait);
    if (this.#home.crossed && stand.watch === undefined) this.#watch(stand);
  }

  /** Whether nobody stands before it at its place. */
  isFirstAt(wait: LineWait<T>): boolean {
    return wait.stand?.waits.first === wait;
  }

  /** Wake those who were called, the oldest first. For a call by this thread: it hears no bell. */
  called(place: number): void {
    const stand = this.#stands.get(place);
    if (stand !== undefined) this.#wake(stand);
  }

  /** Look at all places. */
  look(): boolean {
    let changed = false;
    for (const stand of this.#stands.values()) if (this.#wake(stand)) changed = true;
    for (let wait = this.#homeless.first; wait !== undefined; wait = this.#homeless.first) {
      this.#homeless.remove(wait);
      if (this.#retry(wait)) {
        changed = true;
        continue;
      }
      this.#homeless.prepend(wait);
      break;
    }
    if (this.#homeless.size === 0) letGo(this);
    return changed;
  }

  impatience(): void {
    this.#home.recover();
  }

  /** Take a wait out. `false` if it was called: somebody has to make use of that. */
  leave(wait: LineWait<T>): boolean {
    const stand = wait.stand;
    if (stand === undefined) {
      this.#homeless.remove(wait);
      if (this.#homeless.size === 0) letGo(this);
      return true;
    }
    const lines = this.#lines;
    lines.enter();
    const left = lines.withdraw(stand.place);
    lines.commit();
    lines.exit();
    stand.waits.remove(wait);
    if (left) this.#tidy(stand);
    else stand.woken++;
    return left;
  }

  /** Say that what a wait was called for has been dealt with. */
  over(wait: LineWait<T>): void {
    const stand = wait.stand;
    if (stand === undefined) return;
    wait.stand = undefined;
    stand.over++;
    this.#tidy(stand);
  }

  #insert(stand: Stand<T>, wait: LineWait<T>): void {
    const { waits } = stand;
    let before = this.#back;
    if (
      before?.stand !== stand || before.list !== waits as unknown || before.ticket > wait.ticket
    ) {
      before = undefined;
    }
    let after = before === undefined ? waits.first : before.next as LineWait<T> | undefined;
    while (after !== undefined && after.ticket < wait.ticket) {
      before = after;
      after = after.next as LineWait<T> | undefined;
    }
    waits.insertAfter(before, wait);
    this.#back = wait;
  }

  #wake(stand: Stand<T>): boolean {
    const called = this.#lines.called(stand.place);
    if (called === stand.woken) return false;
    while (stand.woken !== called) {
      stand.woken++;
      const wait = stand.waits.shift();
      if (wait === undefined) stand.over++;
      else wait.wake();
    }
    this.#tidy(stand);
    return true;
  }

  #tidy(stand: Stand<T>): void {
    if (stand.waits.size === 0 && this.#last === stand) this.#last = undefined;
    if (!this.#lines.over(stand.place, stand.over)) {
      if (stand.waits.size === 0) this.#rest(stand);
      return;
    }
    this.#rest(stand);
    this.#stands.delete(stand.place);
  }

  #rest(stand: Stand<T>): void {
    stand.watch?.stop();
    stand.watch = undefined;
  }

  #watch(stand: Stand<T>): void {
    if (stand.waits.size === 0) return;
    const watch = new Watch(
      this.#home.words,
      this.#lines.bell(stand.place),
      () => this.#wake(stand),
      this.#home.recover,
    );
    stand.watch = watch;
    watch.start(stand.woken);
  }
}
