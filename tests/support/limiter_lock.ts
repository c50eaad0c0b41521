import { CapacityLimiter } from "../../mod.ts";

/** The verbs of a lock over a limiter: `release` gives back the last permit. */
export class LimiterLock {
  readonly #limiter: CapacityLimiter;
  #permits: Disposable[] = [];

  constructor(total: number) {
    this.#limiter = new CapacityLimiter(total);
  }

  acquire(): Promise<Disposable> {
    return this.#limiter.acquire().then((permit) => {
      this.#permits.push(permit);
      return permit;
    });
  }

  tryAcquire(): Disposable | undefined {
    const permit = this.#limiter.tryAcquire();
    if (permit !== undefined) this.#permits.push(permit);
    return permit;
  }

  release(): void {
    this.#permits.pop()![Symbol.dispose]();
  }

  locked(): boolean {
    return this.#limiter.available <= 0 || this.#limiter.waiting > 0;
  }
}
