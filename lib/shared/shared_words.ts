import { now } from "../base/clock.ts";
import type { Woken, Words } from "./protocol/words.ts";

/** Lets the processor know that one only looks; takes some 30 ns. */
const pause = (globalThis.Atomics as { pause?: () => void } | undefined)?.pause;

/** Whether this thread may sleep on a word; known once it has tried. */
let mayBlock: boolean | undefined;

/** What `Atomics.waitAsync` gives. */
export type Asleep = { async: false } | { async: true; value: Promise<string> };

/** Words in shared memory. */
export class SharedWords implements Words {
  readonly spinLimit = 800;
  readonly #array: Int32Array<SharedArrayBuffer>;

  constructor(buffer: SharedArrayBuffer, offset: number, length: number) {
    this.#array = new Int32Array(buffer, offset, length);
  }

  pause(): void {
    pause?.();
  }

  load(at: number): number {
    return Atomics.load(this.#array, at);
  }

  store(at: number, value: number): void {
    Atomics.store(this.#array, at, value);
  }

  put(at: number, value: number): void {
    this.#array[at] = value;
  }

  add(at: number, n: number): number {
    return Atomics.add(this.#array, at, n);
  }

  compareExchange(at: number, expected: number, value: number): number {
    return Atomics.compareExchange(this.#array, at, expected, value);
  }

  wait(at: number, expected: number, ms: number): Woken {
    if (mayBlock === false) return this.#watch(at, expected, ms);
    try {
      return Atomics.wait(this.#array, at, expected, ms);
    } catch (error) {
      // A page may not sleep, not even for the few instructions that another one is in a mutex.
      if (!(error instanceof TypeError)) throw error;
      mayBlock = false;
      return this.#watch(at, expected, ms);
    }
  }

  /** Whether there is `waitAsync` here. Without it, who waits looks now and then. */
  get canWaitAsync(): boolean {
    return typeof Atomics.waitAsync === "function";
  }

  /** As `wait`, without blocking the thread. It keeps no program alive. */
  waitAsync(at: number, expected: number): Asleep {
    return Atomics.waitAsync(this.#array, at, expected) as Asleep;
  }

  notify(at: number, count: number): void {
    Atomics.notify(this.#array, at, count);
  }

  now(): number {
    return now();
  }

  #watch(at: number, expected: number, ms: number): Woken {
    const until = now() + ms;
    while (this.load(at) === expected) {
      if (now() >= until) return "timed-out";
      this.pause();
    }
    return "not-equal";
  }
}
