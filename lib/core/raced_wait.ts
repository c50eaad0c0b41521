import type { CancelledError } from "../task_errors.ts";
import { type HeldWait, holdWait } from "./held_wait.ts";
import { followRaces, type RaceEntry, type Racer } from "./race_entry.ts";

// Not the method of a promise that is looked at for races.
const { then } = Promise.prototype;

/**
 * The wait of a verb that is an async function inside, or goes on from the promise of another wait: what
 * settles such a promise is the runtime, so that races cannot be told of it.
 *
 *     await Promise.race([waitFor(queue.get(), 50), response]);   // the response was first
 *     await fetch(url);     // the cancellation comes here: nobody looks at the limit any more,
 *     await sleep(1);       // so that it is to arrive here
 */
class RacedWait<T> implements HeldWait, Racer {
  readonly promise: Promise<T>;
  readonly #wait: HeldWait;
  #races: RaceEntry[] | undefined = undefined;
  #ended = false;

  constructor(running: Promise<T>, wait: HeldWait) {
    this.#wait = wait;
    this.promise = then.call(running, (value) => {
      this.#end("resolve", value);
      return value;
    }, (error) => {
      this.#end("reject", error);
      throw error;
    }) as Promise<T>;
    followRaces(holdWait(this.promise, this));
  }

  detach(): void {
    this.#wait.detach();
  }

  withdraw(error: CancelledError): boolean {
    return !this.#ended && this.#wait.withdraw(error);
  }

  over(): boolean {
    return this.#ended || this.#wait.over();
  }

  enterRace(race: RaceEntry): boolean {
    if (!this.#ended) (this.#races ??= []).push(race);
    return !this.#ended;
  }

  #end(how: "resolve" | "reject", outcome: unknown): void {
    this.#ended = true;
    if (this.#races === undefined) return;
    for (const race of this.#races) race[how](outcome, this.promise);
    this.#races = undefined;
  }
}

/** A promise for what `running` gives, which leads to `wait` and can be entered in races. */
export function racedWait<T>(running: Promise<T>, wait: HeldWait): Promise<T> {
  return new RacedWait(running, wait).promise;
}
