import { type Impatience, Lines } from "./wait_queues.ts";
import { ID_BITS, type Party, type Words } from "./words.ts";

/** Somebody stands in line: whoever holds the lock has to hand it over. */
const AWAITED = 2 ** 30;
/** Its last holder died. With it, an id is that of the next one, which has not been told yet. */
const ABANDONED = -(2 ** 31);

const LINE = 0;

/** What an attempt to take a lock that may have to wait ended with. */
export type Place = number;

/** {@linkcode LockProtocol.takeOrJoin}: the lock was free and is held now. */
export const TAKEN = -1;
/** {@linkcode LockProtocol.takeOrJoin}: there is no place to wait in; come again. */
export const CROWDED = 0;

/**
 * A fair lock. Its word is 0 when it is free, or says who holds it; it is never free while somebody
 * stands in line, so that taking a free one and releasing one nobody waits for is one operation.
 */
export class LockProtocol {
  /** Where its lines begin. */
  static readonly LINES: number = 3;
  /** How many words it takes. */
  static readonly SIZE: number = LockProtocol.LINES + Lines.size(1);

  readonly lines: Lines;
  readonly #words: Words;
  readonly #party: Party;
  readonly #word: number;
  readonly #turn: number;
  readonly #turns: number;

  constructor(words: Words, at: number, party: Party, places?: number) {
    this.#words = words;
    this.#party = party;
    this.#word = at;
    this.#turn = at + 1;
    this.#turns = at + 2;
    this.lines = new Lines(words, at + LockProtocol.LINES, party, 1, places);
  }

  /** Which hold this is: each has a number of its own. */
  turn(): number {
    return this.#words.load(this.#turn);
  }

  /** Let the hold that this thread has go for an earlier one, which it interrupted. */
  resumeTurn(turn: number): void {
    this.#words.store(this.#turn, turn);
  }

  /** Whether it is held. */
  locked(): boolean {
    return (this.#words.load(this.#word) & ID_BITS) !== 0;
  }

  /** Whether this thread holds it. */
  mine(): boolean {
    return (this.#words.load(this.#word) & ID_BITS) === this.#party.id;
  }

  /** Take it if it is free. */
  tryTake(): boolean {
    const words = this.#words;
    const { id } = this.#party;
    let seen = words.compareExchange(this.#word, 0, id);
    if (seen === ABANDONED) {
      seen = words.compareExchange(this.#word, ABANDONED, id | ABANDONED) === ABANDONED ? 0 : seen;
    }
    if (seen !== 0) return false;
    words.store(this.#turn, (words.add(this.#turns, 1) + 1) | 0);
    return true;
  }

  /** Take it if it is free, else stand in line; `mine` as for {@linkcode Lines.join}. */
  takeOrJoin(mine: number): Place {
    const words = this.#words;
    const { lines } = this;
    this.#party.checkAlive();
    lines.enter();
    for (;;) {
      if (this.tryTake()) {
        lines.exit();
        return TAKEN;
      }
      const seen = words.load(this.#word);
      if ((seen & ID_BITS) === 0) continue;
      // From here on the holder cannot release it without coming inside.
      if ((seen & AWAITED) !== 0) break;
      if (words.compareExchange(this.#word, seen, seen | AWAITED) === seen) break;
    }
    const place = lines.join(LINE, 1, mine);
    lines.commit();
    lines.exit();
    return place;
  }

  /**
   * Release it, and hand it to the first in line.
   *
   * @param turn Only if it is still held as at that turn, by this thread.
   * @returns The place that was called, 0 if nobody waited, below 0 if it was not held.
   */
  release(turn?: number): number {
    const words = this.#words;
    const { lines } = this;
    const { id } = this.#party;
    if (turn !== undefined && words.load(this.#turn) !== turn) return -1;
    const seen = words.compareExchange(this.#word, id, 0);
    if (seen === id) return 0;
    if ((seen & ID_BITS) === 0) return -1;
    lines.enter();
    const place = this.#release(turn);
    lines.exit();
    if (place > 0) lines.ring(place);
    return place;
  }

  /** Whether the last holder died. Its next holder asks once; if it does not, the one after it. */
  abandoned(): boolean {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#word);
      if (seen >= 0) return false;
      if (words.compareExchange(this.#word, seen, seen & ~ABANDONED) === seen) return true;
    }
  }

  /** Leave the news of a death, which `abandoned` gave, to the next holder. */
  leaveNews(): void {
    const words = this.#words;
    for (let seen = words.load(this.#word); seen > 0; seen = words.load(this.#word)) {
      if (words.compareExchange(this.#word, seen, seen | ABANDONED) === seen) return;
    }
  }

  /** Sleep in a place; `false` if `until` came first. */
  park(place: Place, until: number, impatience: Impatience): boolean {
    return this.lines.park(place, until, impatience);
  }

  /** Take the dead out of the line, and the lock from them. */
  recover(isDead: (id: number) => boolean): void {
    const { lines } = this;
    lines.recover(isDead, 0);
    for (;;) {
      const holder = this.#words.load(this.#word) & ID_BITS;
      if (holder === 0 || !isDead(holder)) return;
      lines.enter();
      const place = this.#release(undefined, holder);
      lines.exit();
      if (place > 0) lines.ring(place);
    }
  }

  #release(turn: number | undefined, dead?: number): number {
    const words = this.#words;
    const { lines } = this;
    const seen = this.#pin();
    const holder = seen & ID_BITS;
    if (holder === 0) return -1;
    if (dead !== undefined && holder !== dead) return -1;
    if (turn !== undefined && (holder !== this.#party.id || words.load(this.#turn) !== turn)) {
      return -1;
    }
    // Who gives it back without having asked leaves the news to the next.
    const flag = dead === undefined ? seen & ABANDONED : ABANDONED;
    const place = lines.first(LINE);
    if (place === 0) {
      lines.set(this.#word, flag);
    } else {
      // Even if it was the last in line. Were its release to go by without coming inside, then what
      // is left to do here, should this thread die now, would be done when the lock has moved on.
      lines.set(this.#word, lines.owner(place) | AWAITED | flag);
      const turn = (words.load(this.#turns) + 1) | 0;
      lines.set(this.#turns, turn);
      lines.set(this.#turn, turn);
      lines.call(LINE);
    }
    lines.commit();
    return place;
  }

  /** Keep the holder from releasing it behind our back. */
  #pin(): number {
    const words = this.#words;
    for (;;) {
      const seen = words.load(this.#word);
      if ((seen & ID_BITS) === 0 || (seen & AWAITED) !== 0) return seen;
      const pinned = seen | AWAITED;
      if (words.compareExchange(this.#word, seen, pinned) === seen) return pinned;
    }
  }
}
