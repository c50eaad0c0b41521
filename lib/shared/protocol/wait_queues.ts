import { Journal } from "./journal.ts";
import { Patience } from "./adaptive_spin.ts";
import { type Party, SLICE, type Words } from "./words.ts";

// A place: who stands there (0: free), how many waits it stands for, how many of them were called
// so far, how many of those are over, which line it is in, and who comes next.
const OWNER = 0;
const COUNT = 1;
const CALLED = 2;
const OVER = 3;
const LINE = 4;
const NEXT = 5;
const PLACE_SIZE = 6;

/** How many places there are for all lines of an object. */
export const PLACES = 64;

// A line: its first and its last place, 0 if it is empty.
const LAST = 1;
const LINE_SIZE = 2;

/** Told when nobody has called for a while: the time to look for the dead. */
export type Impatience = () => void;

/**
 * Lines in which threads wait, first come, first served, sleeping and asynchronous ones mixed.
 *
 * There are 64 places. A place is taken by one sleeping thread, or by any number of asynchronous
 * waits of one thread that came one after the other. While more than half of the places are taken,
 * a thread that has a place already adds its asynchronous waits to that one, so that order between
 * threads is no longer exact; who finds no place at all has to come again.
 *
 * All but `called`, `over`, `park` and `recover` has to be called inside, and is carried out by
 * `commit`.
 */
export class Lines extends Journal {
  readonly #lines: number;
  readonly #places: number;
  readonly #count: number;
  readonly #patience: Patience;
  #hint = 0;

  /** How many words `lines` lines take. */
  static size(lines: number): number {
    return Journal.SIZE + lines * LINE_SIZE + PLACES * PLACE_SIZE;
  }

  constructor(words: Words, at: number, party: Party, lines: number, places: number = PLACES) {
    super(words, at, party);
    this.#count = places;
    this.#patience = new Patience(words);
    this.#lines = at + Journal.SIZE;
    this.#places = this.#lines + lines * LINE_SIZE;
  }

  /** The first place in a line, or 0. */
  first(line: number): number {
    return this.get(this.#lines + line * LINE_SIZE);
  }

  /** Whose place it is. */
  owner(place: number): number {
    return this.words.load(place + OWNER);
  }

  /** The word of a place to sleep on: how many of its waits were called. */
  bell(place: number): number {
    return place + CALLED;
  }

  /**
   * Stand in line, at the end or at the front, for `count` waits.
   *
   * @param mine The last place in the line that is shared by asynchronous waits of this thread, or 0.
   * @returns The place, perhaps `mine`; 0 if there is none.
   */
  join(line: number, count = 1, mine = 0, front = false): number {
    const { words } = this;
    const head = this.#lines + line * LINE_SIZE;
    const first = this.get(head);
    const last = this.get(head + LAST);
    if (mine !== 0 && this.get(mine + COUNT) === 0) mine = 0;
    if (mine !== 0 && (front ? first : last) === mine) {
      this.set(mine + COUNT, this.get(mine + COUNT) + count);
      return mine;
    }
    const place = this.#free(mine !== 0);
    if (place === 0) {
      if (mine !== 0) this.set(mine + COUNT, this.get(mine + COUNT) + count);
      return mine;
    }
    // Nobody looks at a free place: only taking it and linking it have to happen together.
    words.put(place + COUNT, count);
    words.put(place + CALLED, 0);
    words.put(place + OVER, 0);
    words.put(place + LINE, line);
    words.put(place + NEXT, front ? first : 0);
    this.set(place + OWNER, this.party.id);
    if (front || first === 0) this.set(head, place);
    else this.set(last + NEXT, place);
    if (!front || first === 0) this.set(head + LAST, place);
    return place;
  }

  /**
   * Call the first wait in a line. Gives its place, whose bell has to be rung then, or 0.
   *
   * It has to be the last change that is noted down: who is called may go on at once.
   */
  call(line: number): number {
    const place = this.get(this.#lines + line * LINE_SIZE);
    if (place === 0) return 0;
    this.#shrink(place, 1, 0);
    this.set(place + CALLED, this.get(place + CALLED) + 1);
    return place;
  }

  /** Take a wait out. `false` if all waits of the place were called. */
  withdraw(place: number): boolean {
    if (this.owner(place) !== this.party.id || this.get(place + COUNT) === 0) return false;
    this.#shrink(place, 1, this.#before(place));
    return true;
  }

  /** Wake who sleeps on a place that was called. */
  ring(place: number): void {
    this.words.notify(place + CALLED, Infinity);
  }

  /** How many waits of a place of this thread were called so far. */
  called(place: number): number {
    return this.words.load(place + CALLED);
  }

  /**
   * Note that `over` of the waits of a place of this thread, which were called, have ended.
   *
   * @returns Whether the place is free now.
   */
  over(place: number, over: number): boolean {
    const { words } = this;
    words.store(place + OVER, over);
    if (words.load(place + COUNT) !== 0 || words.load(place + CALLED) !== over) return false;
    words.store(place + OWNER, 0);
    return true;
  }

  /**
   * Sleep in a place until called.
   *
   * @param until When to give up, on the clock of the words.
   * @returns `false` if it gave up; the place is free then.
   */
  park(place: number, until: number, impatience: Impatience): boolean {
    const { words } = this;
    this.#patience.look(place + CALLED, 0);
    for (;;) {
      if (words.load(place + CALLED) !== 0) {
        // Given up for dead, this thread has lost the place, and another one was called there.
        if (this.owner(place) !== this.party.id) this.party.checkAlive();
        return true;
      }
      const left = until === Infinity ? Infinity : until - words.now();
      if (left <= 0) break;
      if (words.wait(place + CALLED, 0, Math.min(left, SLICE)) === "timed-out") impatience();
    }
    this.enter();
    const left = this.withdraw(place);
    if (left) this.set(place + OWNER, 0);
    this.commit();
    this.exit();
    return !left;
  }

  /** Sleep a little, where there was no place to stand; `false` if `until` has come. */
  doze(line: number, until: number): boolean {
    const { words } = this;
    const left = until - words.now();
    if (left <= 0) return false;
    const head = this.#lines + line * LINE_SIZE;
    words.wait(head, words.load(head), Math.min(left, 2));
    return true;
  }

  /**
   * Take the dead out of all lines, and wake who was called by one who died before ringing.
   *
   * @param passesOn In which lines a call that a dead thread had not finished with goes to the next:
   *   one bit for each.
   */
  recover(isDead: (id: number) => boolean, passesOn: number): void {
    const { words } = this;
    this.evict(isDead);
    for (let i = 0; i < this.#count; i++) {
      const place = this.#places + i * PLACE_SIZE;
      const owner = words.load(place + OWNER);
      if (owner !== 0 && isDead(owner)) this.#remove(place, owner, passesOn);
    }
    for (let i = 0; i < this.#count; i++) {
      const place = this.#places + i * PLACE_SIZE;
      if (words.load(place + OWNER) !== 0) this.ring(place);
    }
  }

  #remove(place: number, owner: number, passesOn: number): void {
    for (;;) {
      this.enter();
      if (this.get(place + OWNER) !== owner) return this.exit();
      const count = this.get(place + COUNT);
      const open = this.get(place + CALLED) - this.get(place + OVER);
      if (count > 0) {
        this.#shrink(place, count, this.#before(place));
      } else if (open > 0 && (passesOn >> this.get(place + LINE) & 1) === 1) {
        this.set(place + OVER, this.get(place + OVER) + 1);
        this.call(this.get(place + LINE));
      } else {
        this.set(place + OWNER, 0);
      }
      this.commit();
      this.exit();
    }
  }

  /** The place before, or 0. */
  #before(place: number): number {
    const head = this.#lines + this.get(place + LINE) * LINE_SIZE;
    let before = 0;
    for (let at = this.get(head); at !== place; at = this.get(at + NEXT)) before = at;
    return before;
  }

  #shrink(place: number, by: number, before: number): void {
    const count = this.get(place + COUNT) - by;
    this.set(place + COUNT, count);
    if (count > 0) return;
    const head = this.#lines + this.get(place + LINE) * LINE_SIZE;
    const next = this.get(place + NEXT);
    this.set(before === 0 ? head : before + NEXT, next);
    if (next === 0) this.set(head + LAST, before);
  }

  #free(scarce: boolean): number {
    const { words } = this;
    let found = 0;
    let free = 0;
    for (let i = 0; i < this.#count; i++) {
      const place = this.#places + (this.#hint + i) % this.#count * PLACE_SIZE;
      if (words.load(place + OWNER) !== 0) continue;
      if (found === 0) found = place;
      if (!scarce || ++free > this.#count / 2) break;
    }
    if (found === 0 || (scarce && free <= this.#count / 2)) return 0;
    this.#hint = (found - this.#places) / PLACE_SIZE;
    return found;
  }
}
