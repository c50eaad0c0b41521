import { Holders } from "./holders.ts";
import { type Impatience, Lines } from "./wait_queues.ts";
import { type Place, TAKEN } from "./lock_protocol.ts";
import type { Party, Words } from "./words.ts";

const LINE = 0;

/** A fair counter of permits. None is left over while somebody stands in line. */
export class SemaphoreProtocol {
  /** Where its line begins. */
  static readonly LINES: number = 2 + Holders.SIZE;
  /** How many words it takes. */
  static readonly SIZE: number = SemaphoreProtocol.LINES + Lines.size(1);

  readonly lines: Lines;
  readonly #words: Words;
  readonly #party: Party;
  readonly #value: number;
  /** How many permits came back from the dead of which nobody has been told. */
  readonly #untold: number;
  readonly #holders: Holders;

  constructor(words: Words, at: number, party: Party, places?: number) {
    this.#words = words;
    this.#party = party;
    this.#value = at;
    this.#untold = at + 1;
    this.lines = new Lines(words, at + SemaphoreProtocol.LINES, party, 1, places);
    this.#holders = new Holders(words, at + 2, this.lines);
  }

  /** Make it a semaphore of `value` permits, before anybody else knows it. */
  initialize(value: number): void {
    this.#words.store(this.#value, value);
  }

  /** How many permits are left. */
  value(): number {
    return this.#words.load(this.#value);
  }

  /** Take a permit if one is left. */
  tryTake(): boolean {
    if (this.value() === 0) return false;
    this.#party.checkAlive();
    this.lines.enter();
    const taken = this.#take();
    this.lines.commit();
    this.lines.exit();
    return taken;
  }

  /** Take a permit if one is left, else stand in line; `mine` as for {@linkcode Lines.join}. */
  takeOrJoin(mine: number): Place {
    const { lines } = this;
    this.#party.checkAlive();
    lines.enter();
    const place = this.#take() ? TAKEN : lines.join(LINE, 1, mine);
    lines.commit();
    lines.exit();
    return place;
  }

  /**
   * Give back a permit, or add one.
   *
   * @param most The highest value that there may be.
   * @returns The place that was called, 0 if nobody waited, below 0 if there would be too many.
   */
  release(most: number): number {
    const { lines } = this;
    this.#party.checkAlive();
    lines.enter();
    const place = this.#release(this.#party.id, most);
    lines.exit();
    if (place > 0) lines.ring(place);
    return place;
  }

  /** Whether a permit came back from the dead. Who takes one asks once. */
  abandoned(): boolean {
    const words = this.#words;
    for (;;) {
      const untold = words.load(this.#untold);
      if (untold === 0) return false;
      if (words.compareExchange(this.#untold, untold, untold - 1) === untold) return true;
    }
  }

  /** Sleep in a place; `false` if `until` came first. */
  park(place: Place, until: number, impatience: Impatience): boolean {
    return this.lines.park(place, until, impatience);
  }

  /** Take the dead out of the line, and give back what they held. */
  recover(isDead: (id: number) => boolean): void {
    const { lines } = this;
    lines.recover(isDead, 0);
    for (;;) {
      const dead = this.#holders.findDead(isDead);
      if (dead === 0) return;
      lines.enter();
      const holds = this.#holders.has(dead);
      if (holds) this.#words.add(this.#untold, 1);
      const place = holds ? this.#release(dead, Infinity) : 0;
      lines.exit();
      if (place > 0) lines.ring(place);
    }
  }

  #take(): boolean {
    const value = this.#words.load(this.#value);
    if (value === 0) return false;
    this.lines.set(this.#value, value - 1);
    this.#holders.add(this.#party.id);
    return true;
  }

  #release(holder: number, most: number): number {
    const { lines } = this;
    const value = this.#words.load(this.#value);
    if (value >= most) return -1;
    const place = lines.first(LINE);
    this.#holders.remove(holder);
    if (place === 0) {
      lines.set(this.#value, value + 1);
    } else {
      this.#holders.add(lines.owner(place));
      lines.call(LINE);
    }
    lines.commit();
    return place;
  }
}
