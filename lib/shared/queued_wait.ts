import { type LinkedEntry, LinkedList } from "../base/linked_list.ts";
import { InvalidStateError } from "../task_errors.ts";
import { Waiter } from "../core/waiter.ts";
import { type Polled, startPolling, stopPolling } from "./poller.ts";
import type { WaitQueues } from "./protocol/wait_queues.ts";
import type { SharedBlock } from "./shared_block.ts";
import { WordWatcher } from "./word_watcher.ts";

/** An asynchronous wait in a queue of a shared object. */
export abstract class QueuedWait<T> extends Waiter<T, void> implements LinkedEntry {
  list: LinkedList<LinkedEntry> | undefined = undefined;
  next: LinkedEntry | undefined = undefined;
  previous: LinkedEntry | undefined = undefined;
  /** Where it stands. */
  group: SlotGroup<T> | undefined = undefined;
  /** Its number in the order of arrival in this thread. */
  ticket = 0;
}

/** The waits of this thread that stand in one slot of a queue. */
class SlotGroup<T> {
  readonly slot: number;
  readonly waits: LinkedList<QueuedWait<T>> = new LinkedList();
  /** How many waits were woken at the slot, as far as is known here; it counts on from its `base`. */
  woken: number;
  /** How many of them are over. */
  over: number;
  /** How many of them the others know to be over. */
  finished: number;
  watcher: WordWatcher | undefined = undefined;

  constructor(slot: number, base: number) {
    this.slot = slot;
    this.woken = base;
    this.over = base;
    this.finished = base;
  }
}

/**
 * The asynchronous waits of this thread in one queue of a shared object.
 *
 * However many there are, those that came one after the other take one slot between them.
 */
export class QueuedWaits<T> implements Polled {
  readonly #block: SharedBlock;
  readonly #queues: WaitQueues;
  readonly #queue: number;
  readonly #groups = new Map<number, SlotGroup<T>>();
  // Those for whom there was no slot.
  readonly #overflow: LinkedList<QueuedWait<T>> = new LinkedList();
  readonly #retry: (wait: QueuedWait<T>) => boolean;
  #last: SlotGroup<T> | undefined = undefined;
  #tickets = 0;
  // Those who come back mostly do so one behind the other: the next one stands next to the last.
  #back: QueuedWait<T> | undefined = undefined;

  /**
   * @param retry Try again to find a slot for a wait, by `enter`; or wake it. `false` if there is
   *   no slot still.
   */
  constructor(
    block: SharedBlock,
    queues: WaitQueues,
    queue: number,
    retry: (wait: QueuedWait<T>) => boolean,
  ) {
    this.#block = block;
    this.#queues = queues;
    this.#queue = queue;
    this.#retry = retry;
    block.onFirstShare(() => this.#groups.forEach((group) => this.#watch(group)));
  }

  /** The slot that waits of this thread may share, for `WaitQueues.enqueue`. */
  get mine(): number {
    return this.#last?.slot ?? 0;
  }

  /** The same, for standing at the front. Call it inside, or where it does not matter. */
  get mineInFront(): number {
    const first = this.#queues.first(this.#queue);
    return this.#groups.has(first) ? first : 0;
  }

  /** Whether there are some that have no slot. */
  get crowded(): boolean {
    return this.#overflow.size > 0;
  }

  /**
   * Let `wait` stand in a slot that it was given; 0 if there was none.
   *
   * @param back Whether it was woken before, and comes back to where it stood.
   */
  enter(wait: QueuedWait<T>, slot: number, back = false): void {
    if (!back) wait.ticket = this.#tickets++;
    if (slot === 0) {
      if (this.#overflow.size === 0) startPolling(this);
      if (back) this.#insert(this.#overflow, wait);
      else this.#overflow.append(wait);
      return;
    }
    let group = this.#groups.get(slot);
    if (group === undefined) {
      group = new SlotGroup<T>(slot, this.#queues.base(slot));
      this.#groups.set(slot, group);
      if (!back || this.#last === undefined) this.#last = group;
    }
    wait.group = group;
    if (back) this.#insert(group.waits, wait);
    else group.waits.append(wait);
    if (this.#block.isShared && group.watcher === undefined) this.#watch(group);
  }

  /** Whether nobody stands before it in its slot. */
  isFirst(wait: QueuedWait<T>): boolean {
    return wait.group?.waits.first === wait;
  }

  /**
   * Wake those whose turn has come, the oldest first. For what this thread has done itself: it does
   * not hear of that.
   */
  wakeAt(slot: number): void {
    const group = this.#groups.get(slot);
    if (group !== undefined) this.#wake(group);
  }

  /** Look at all slots. */
  look(): boolean {
    let changed = false;
    for (const group of this.#groups.values()) if (this.#wake(group)) changed = true;
    for (let wait = this.#overflow.first; wait !== undefined; wait = this.#overflow.first) {
      this.#overflow.remove(wait);
      if (!this.#tryAgain(wait)) {
        this.#overflow.prepend(wait);
        break;
      }
      changed = true;
    }
    if (this.#overflow.size === 0) stopPolling(this);
    return changed;
  }

  checkLiveness(): void {
    this.#block.recoverIfNeeded();
  }

  /** Take a wait out. `false` if it was woken: somebody has to make use of that. */
  leave(wait: QueuedWait<T>): boolean {
    const { group } = wait;
    if (group === undefined) {
      this.#overflow.remove(wait);
      if (this.#overflow.size === 0) stopPolling(this);
      return true;
    }
    const left = this.#queues.withdraw(group.slot);
    group.waits.remove(wait);
    if (left) {
      wait.group = undefined;
      this.#tidy(group);
    } else group.woken = (group.woken + 1) | 0;
    return left;
  }

  /** Say that what a wait was woken for has been dealt with. */
  finish(wait: QueuedWait<T>): void {
    const { group } = wait;
    if (group === undefined) return;
    wait.group = undefined;
    group.over = (group.over + 1) | 0;
    this.#tidy(group);
  }

  #tryAgain(wait: QueuedWait<T>): boolean {
    try {
      return this.#retry(wait);
    } catch (error) {
      // This thread was given up for dead.
      return wait.fail(error);
    }
  }

  /** Put one that comes back where it stood. */
  #insert(waits: LinkedList<QueuedWait<T>>, wait: QueuedWait<T>): void {
    let before = this.#back;
    if (before?.list !== waits as unknown || before!.ticket > wait.ticket) before = undefined;
    let after = before === undefined ? waits.first : before.next as QueuedWait<T> | undefined;
    while (after !== undefined && after.ticket < wait.ticket) {
      before = after;
      after = after.next as QueuedWait<T> | undefined;
    }
    waits.insertAfter(before, wait);
    this.#back = wait;
  }

  #wake(group: SlotGroup<T>): boolean {
    const woken = this.#queues.woken(group.slot);
    if (woken === undefined) return this.#lose(group);
    if (woken === group.woken) return false;
    while (group.woken !== woken) {
      group.woken = (group.woken + 1) | 0;
      const wait = group.waits.shift();
      if (wait === undefined) group.over = (group.over + 1) | 0;
      else wait.wake();
    }
    this.#tidy(group);
    return true;
  }

  /** This thread was given up for dead, and what it stood for goes to others. */
  #lose(group: SlotGroup<T>): true {
    const error = new InvalidStateError(
      "Cannot go on with a wait at a shared object: this thread was given up for dead",
    );
    for (let wait = group.waits.shift(); wait !== undefined; wait = group.waits.shift()) {
      wait.group = undefined;
      wait.fail(error);
    }
    this.#forget(group);
    return true;
  }

  #tidy(group: SlotGroup<T>): void {
    if (group.waits.size === 0 && this.#last === group) this.#last = undefined;
    const before = group.finished;
    group.finished = group.over;
    if (this.#queues.finished(group.slot, before, group.over)) this.#forget(group);
    else if (group.waits.size === 0) this.#rest(group);
  }

  #forget(group: SlotGroup<T>): void {
    if (this.#last === group) this.#last = undefined;
    this.#rest(group);
    if (this.#groups.get(group.slot) === group) this.#groups.delete(group.slot);
  }

  #rest(group: SlotGroup<T>): void {
    group.watcher?.stop();
    group.watcher = undefined;
  }

  #watch(group: SlotGroup<T>): void {
    if (group.waits.size === 0) return;
    group.watcher = new WordWatcher(
      this.#block.words,
      this.#queues.wordOf(group.slot),
      () => this.#wake(group),
      () => {
        this.#block.recoverIfNeeded();
        this.#wake(group);
      },
    );
    group.watcher.start(group.woken);
  }
}
