import { now } from "../base/clock.ts";
import type { Woken, Words } from "./protocol/words.ts";

/** Lets the processor know that one only looks; takes some 30 ns. */
const { pause } = Atomics as { pause?: () => void };

/** What `Atomics.waitAsync` gives. */
export type Asleep = { async: false } | { async: true; value: Promise<string> };

/** Words in shared memory. */
export class SharedWords implements Words {
  readonly patience = 800;
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
    return Atomics.wait(this.#array, at, expected, ms);
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
}
