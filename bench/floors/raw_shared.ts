const url = new URL("../workers/raw_shared.ts", import.meta.url);

/** A bare worker of the floors of shared memory: an order there, messages back. */
export class SharedFloor {
  readonly #worker = new Worker(url, { type: "module" });

  /** Wait until it runs. */
  async ready(): Promise<this> {
    await this.next();
    return this;
  }

  /** Give it something to do. */
  order(order: unknown, transfer: Transferable[] = []): void {
    this.#worker.postMessage(order, transfer);
  }

  /** The next message from it. */
  next(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
    });
  }

  /** The sum of the next `count` numbers from it. */
  sum(count: number): Promise<number> {
    return new Promise((resolve) => {
      let left = count;
      let sum = 0;
      this.#worker.onmessage = ({ data }) => {
        sum += data;
        if (--left === 0) resolve(sum);
      };
    });
  }

  /** End it. */
  stop(): void {
    this.#worker.terminate();
  }
}

/** Two of them. */
export function openTwo(): Promise<SharedFloor[]> {
  return Promise.all([new SharedFloor().ready(), new SharedFloor().ready()]);
}
