import { Journal } from "./journal.ts";
import { type LivenessCheck, SLICE, type ThreadIdentity, type Words } from "./words.ts";

/** How many past rounds are remembered. */
const MEMORY = 32;
const ENTRIES = 64;

/** What {@linkcode BarrierProtocol.arrive} gives. */
export interface BarrierArrival {
  /** How many were there before. */
  index: number;
  /** The round, to wait for its end. */
  round: number;
  /** Whether this was the last one, so that the round has ended. */
  last: boolean;
}

/** How a round ended for one who waited for it. */
export type RoundEnd = "passed" | "broken";

/** A barrier that threads pass in rounds. Everybody sleeps on the number of the round. */
export class BarrierProtocol {
  /** How many words it takes. */
  static readonly SIZE: number = 4 + 3 * ENTRIES + Journal.SIZE;

  readonly #words: Words;
  readonly #thread: ThreadIdentity;
  readonly #journal: Journal;
  readonly #round: number;
  readonly #count: number;
  readonly #broken: number;
  readonly #history: number;
  // Which thread has arrived how often, in which round.
  readonly #entries: number;
  readonly #end: number;

  constructor(words: Words, at: number, thread: ThreadIdentity, entries: number = ENTRIES) {
    this.#words = words;
    this.#thread = thread;
    this.#round = at;
    this.#count = at + 1;
    this.#broken = at + 2;
    this.#history = at + 3;
    this.#entries = at + 4;
    this.#end = this.#entries + 3 * entries;
    this.#journal = new Journal(words, this.#end, thread);
  }

  /** The number of the round: the word to sleep on. */
  round(): number {
    return this.#words.load(this.#round);
  }

  /** How many are waiting. */
  count(): number {
    return this.#words.load(this.#count);
  }

  /** Whether nobody can pass any more. */
  broken(): boolean {
    return this.#words.load(this.#broken) !== 0;
  }

  /** Come to a barrier of so many; `undefined` if it is broken. */
  arrive(parties: number): BarrierArrival | undefined {
    const arrival = this.#locked((journal) => {
      if (journal.get(this.#broken) !== 0) return undefined;
      const index = journal.get(this.#count);
      const round = journal.get(this.#round);
      const last = index + 1 === parties;
      if (last) this.#endRound(false);
      else {
        journal.set(this.#count, index + 1);
        this.#note(round, 1);
      }
      return { index, round, last };
    });
    if (arrival === undefined) this.#thread.checkAlive();
    return arrival;
  }

  /** Go away again; `false` if the round has ended meanwhile. */
  leave(round: number): boolean {
    return this.#locked((journal) => {
      if (journal.get(this.#round) !== round) return false;
      journal.set(this.#count, journal.get(this.#count) - 1);
      this.#note(round, -1);
      return true;
    }) ?? false;
  }

  /** How `round` ended, or `undefined` if it has not. */
  end(round: number): RoundEnd | undefined {
    const now = this.round();
    if (now === round) return undefined;
    const bit = this.#words.load(this.#history) >>> (round & (MEMORY - 1)) & 1;
    return bit === 0 ? "passed" : "broken";
  }

  /** Break it, for those who wait and those who come. */
  abort(): void {
    this.#thread.checkAlive();
    this.#locked((journal) => {
      if (journal.get(this.#count) > 0) this.#endRound(true);
      journal.set(this.#broken, 1);
    });
  }

  /** Make it as new; those who wait hear that it is broken. */
  reset(): void {
    this.#thread.checkAlive();
    this.#locked((journal) => {
      if (journal.get(this.#count) > 0) this.#endRound(true);
      journal.set(this.#broken, 0);
    });
  }

  /** Sleep until `round` has ended; `undefined` if `until` came first. */
  park(round: number, until: number, checkLiveness: LivenessCheck): RoundEnd | undefined {
    for (;;) {
      const end = this.end(round);
      if (end !== undefined) return end;
      const left = until === Infinity ? Infinity : until - this.#words.now();
      if (left <= 0) return undefined;
      const woken = this.#words.wait(this.#round, round, Math.min(left, SLICE));
      if (woken === "timed-out") checkLiveness();
    }
  }

  /** Break it if one of those who wait at it is dead. */
  recover(isDead: (id: number) => boolean): void {
    this.#journal.evict(isDead);
    const missed = this.#locked((journal) => {
      const round = journal.get(this.#round);
      for (let at = this.#entries; at < this.#end; at += 3) {
        const owner = journal.get(at);
        if (owner === 0 || !isDead(owner)) continue;
        if (journal.get(at + 1) !== round || journal.get(at + 2) === 0) continue;
        this.#endRound(true);
        journal.set(this.#broken, 1);
        return false;
      }
      return true;
    });
    // The dead may have ended a round without waking the others.
    if (missed) this.#words.notify(this.#round, Infinity);
  }

  /** {@linkcode Journal.locked}; wakes everybody if it has ended the round. */
  #locked<T>(body: (journal: Journal) => T): T | undefined {
    const journal = this.#journal;
    let ended = false;
    const result = journal.locked(() => {
      const round = this.round();
      const result = body(journal);
      ended = journal.get(this.#round) !== round;
      return result;
    });
    if (ended) this.#words.notify(this.#round, Infinity);
    return result;
  }

  #endRound(broken: boolean): void {
    const journal = this.#journal;
    const round = journal.get(this.#round);
    const bit = 1 << (round & (MEMORY - 1));
    const history = journal.get(this.#history);
    journal.set(this.#history, broken ? history | bit : history & ~bit);
    journal.set(this.#count, 0);
    journal.set(this.#round, (round + 1) | 0);
  }

  /** Note that this thread has arrived, or gone. */
  #note(round: number, change: number): void {
    const journal = this.#journal;
    let free = 0;
    for (let at = this.#entries; at < this.#end; at += 3) {
      const current = journal.get(at + 1) === round;
      if (current && journal.get(at) === this.#thread.id) {
        journal.set(at + 2, journal.get(at + 2) + change);
        return;
      }
      if (free === 0 && (journal.get(at) === 0 || !current)) free = at;
    }
    if (free === 0) return;
    journal.set(free, this.#thread.id);
    journal.set(free + 1, round);
    journal.set(free + 2, change);
  }
}
