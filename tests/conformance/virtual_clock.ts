import { sleep } from "../../mod.ts";

/**
 * Time that starts at 0 and moves only when nothing else can run, to the next timer.
 *
 * As in asyncio's loop, everything that is due at an instant fires before anything that follows
 * from it runs.
 */
export class VirtualClock implements Disposable {
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #realNow = performance.now;
  readonly #timers = new Map<number, { at: number; fire: () => void }>();
  #ids = 0;
  #now = 0;

  /** Replace the global clock and timers. */
  constructor() {
    Object.assign(globalThis, {
      setTimeout: (fire: () => void, delay = 0) => this.#start(fire, delay),
      clearTimeout: (id: number) => void this.#timers.delete(id),
    });
    performance.now = () => this.#now;
  }

  /** The virtual time. */
  get now(): number {
    return this.#now;
  }

  /** How many timers have not fired. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Let things happen until nothing can happen any more. */
  async runDry(): Promise<void> {
    do await this.settle(); while (this.#fireNext());
  }

  /** Let everything run that needs no time, many a `sleep(0)` in a row as well. */
  async settle(): Promise<void> {
    for (let i = 0; i < 30; i++) await sleep(0);
  }

  /** Give the real clock and timers back. */
  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
    performance.now = this.#realNow;
  }

  #start(fire: () => void, delay: number): number {
    const id = ++this.#ids;
    this.#timers.set(id, { at: this.#now + delay, fire });
    return id;
  }

  #fireNext(): boolean {
    let next = Infinity;
    for (const { at } of this.#timers.values()) next = Math.min(next, at);
    if (next === Infinity) return false;
    this.#now = next;
    const due = [...this.#timers].filter(([, timer]) => timer.at === next);
    for (const [id, timer] of due) if (this.#timers.delete(id)) timer.fire();
    return true;
  }
}
