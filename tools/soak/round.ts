import {
  CancelledError,
  type Executor,
  formatTaskTree,
  ProcessPool,
  QueueFull,
  SharedLock,
  SharedQueue,
  SharedValue,
  shield,
  sleep,
  TimeoutError,
  waitFor,
  WorkerCrashedError,
  WorkerPool,
} from "../../mod.ts";
import type { Random } from "../../tests/support/random.ts";

/** The kinds of workers that there are. */
export type Kind = "web" | "node" | "process";

/** What has become of the calls and items of a round. */
export interface Tally {
  calls: number;
  done: number;
  failed: number;
  cancelled: number;
  crashed: number;
}

type Pool = (WorkerPool | ProcessPool) & Executor;

/**
 * If nothing comes of anything for so many milliseconds, and then for as long as new pools take for so
 * many calls, something waits in vain. Time alone says little: on a machine with much else to do a
 * worker may take a minute to start.
 */
const [STALLED_MS, STALLED_CALLS] = [120_000, 10] as const;

/** Make some pools, give them all kinds of work at once, and account for each call. */
export async function runRound(random: Random, kinds: readonly Kind[]): Promise<Tally> {
  const tally: Tally = { calls: 0, done: 0, failed: 0, cancelled: 0, crashed: 0 };
  const pools = Array.from({ length: random.int(1, 2) }, () => makePool(random, kinds));
  const open = new Set<Work>();
  const work = pools.flatMap(({ pool, kind, most }) =>
    Array.from({ length: random.int(3, 10) }, () => {
      const work = new Work(random, pool, kind, most, tally);
      const begun = work.begin();
      open.add(work);
      return begun.finally(() => open.delete(work));
    })
  );
  const all = Promise.all(work).then(async () => {
    for (const { pool } of pools) {
      await pool.shutdown();
      const { workers, busy, queued } = pool.stats;
      if (workers + busy + queued > 0) throw new Error(`Is left: ${JSON.stringify(pool.stats)}`);
    }
    return tally;
  });
  const progress = () => JSON.stringify([tally, ...pools.map(({ pool }) => pool.stats)]);
  try {
    for (let before = progress();;) {
      try {
        return await waitFor(shield(all), STALLED_MS);
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error;
      }
      for (let i = 0; i < STALLED_CALLS && progress() === before; i++) {
        for (const kind of new Set(pools.map(({ kind }) => kind))) await callOnce(kind);
      }
      const now = progress();
      if (now === before) {
        const names = [...open].map(({ name }) => name);
        throw new Error(`${names} never ends: ${now}\n${formatTaskTree()}`);
      }
      before = now;
    }
  } finally {
    for (const { pool } of pools) await pool.terminate();
  }
}

/** Have a pool of its own do one call, as a measure of what this machine can do now. */
async function callOnce(kind: Kind): Promise<void> {
  await using pool = kind === "process"
    ? new ProcessPool(1)
    : new WorkerPool({ maxWorkers: 1, host: kind });
  await pool.submit(double, 1);
}

function makePool(
  random: Random,
  kinds: readonly Kind[],
): { pool: Pool; kind: Kind; most: number } {
  const kind = random.pick(...kinds);
  const maxWorkers = random.int(1, 3);
  const options = {
    maxWorkers,
    cancelGrace: random.pick(50, 500),
    ...(random.chance(0.3) ? { minWorkers: random.int(1, maxWorkers) } : {}),
    ...(random.chance(0.4) ? { maxTasksPerWorker: random.pick(1, 3, 20, 100) } : {}),
    ...(random.chance(0.3) ? { idleTimeout: random.pick(1, 50) } : {}),
    ...(random.chance(0.3) ? { maxQueue: random.int(0, 200) } : {}),
    ...(random.chance(0.3) ? { initializer: (n: number) => void n, initargs: [1] } : {}),
  };
  const pool = kind === "process"
    ? new ProcessPool(options)
    : new WorkerPool({ ...options, host: kind });
  // A worker takes a while to start: no more work than some of them do.
  return { pool, kind, most: 10 * (options.maxTasksPerWorker ?? 200) };
}

const double = (n: number) => 2 * n;
const nap = (ms: number) => new Promise<number>((resolve) => setTimeout(() => resolve(ms), ms));
const busy = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end;);
  return ms;
};
const fail = (n: number) => {
  if (n % 7 === 6) throw new RangeError(`no ${n}`);
  return n;
};
const die = (how: number) => {
  if (how === 0) self.close();
  else if (how === 1) setTimeout(() => reportError(new Error("nobody catches this")));
  else Deno.exit(3);
  return new Promise<never>(() => {});
};

/** One piece of work for a pool. */
class Work {
  readonly #random: Random;
  readonly #pool: Pool;
  readonly #kind: Kind;
  /** How many calls or items one piece of work may have. */
  readonly #most: number;
  readonly #tally: Tally;
  /** What it does, for reports. */
  name = "";

  constructor(random: Random, pool: Pool, kind: Kind, most: number, tally: Tally) {
    this.#random = random;
    this.#pool = pool;
    this.#kind = kind;
    this.#most = most;
    this.#tally = tally;
  }

  /** Begin; resolves when every call of it is accounted for. */
  begin(): Promise<unknown> {
    const kinds: [name: string, begin: () => Promise<unknown>][] = [
      ["calls", () => this.#calls()],
      ["map", () => this.#map(true)],
      ["mapUnordered", () => this.#map(false)],
      ["failing", () => this.#failing()],
      ["limits", () => this.#limits()],
      ["cancelled", () => this.#cancelled()],
      ["stubborn", () => this.#stubborn()],
      ["deaths", () => this.#deaths()],
      ["stream", () => this.#stream()],
      ["counter", () => this.#counter()],
      ["queue", () => this.#queue()],
    ];
    // Memory is not shared with processes.
    const [name, begin] = this.#random.pick(
      ...this.#kind === "process" ? kinds.slice(0, 9) : kinds,
    );
    this.name = `${name} on ${this.#kind}`;
    return begin();
  }

  /** Note down what a call came to; `check` looks at a result. */
  async #account<T>(
    outcome: PromiseLike<T>,
    check: (value: T) => boolean,
    ...allowed: (new (message?: string) => Error)[]
  ): Promise<void> {
    this.#tally.calls++;
    let value: T;
    try {
      value = await outcome;
    } catch (error) {
      // A neighbour that dies takes with it what its worker had begun; a full queue takes nothing.
      const fine = [...allowed, WorkerCrashedError, QueueFull];
      if (!fine.some((Class) => error instanceof Class)) throw error;
      if (error instanceof WorkerCrashedError) this.#tally.crashed++;
      else if (error instanceof CancelledError) this.#tally.cancelled++;
      else this.#tally.failed++;
      return;
    }
    if (!check(value)) throw new Error(`Wrong result: ${JSON.stringify(value)}`);
    this.#tally.done++;
  }

  #calls(): Promise<unknown> {
    return Promise.all(
      Array.from({ length: Math.min(this.#random.pick(1, 10, 300), this.#most) }, (_, n) => {
        const priority = this.#random.int(0, 2);
        const call = this.#random.chance(0.5)
          ? this.#pool.submit(double, n)
          : this.#pool.apply(double, [n], { priority });
        return this.#account(call, (value) => value === 2 * n);
      }),
    );
  }

  #map(ordered: boolean): Promise<unknown> {
    const items = Array.from(
      { length: Math.min(this.#random.pick(1, 20, 2_000), this.#most) },
      (_, n) => n,
    );
    const source = this.#random.pick<Iterable<number> | AsyncIterable<number>>(
      items,
      new Set(items),
      (function* () {
        yield* items;
      })(),
      (async function* () {
        yield* items;
      })(),
    );
    const options = {
      ...(this.#random.chance(0.4) ? { chunksize: this.#random.int(1, 50) } : {}),
      ...(this.#random.chance(0.3) ? { buffersize: this.#random.int(1, 50) } : {}),
    };
    const results = ordered
      ? this.#pool.map(double, source, options)
      : this.#pool.mapUnordered(double, source, options);
    const most = this.#random.chance(0.3) ? this.#random.int(1, 30) : Infinity;
    const lazily = async () => {
      const taken: number[] = [];
      for await (const result of results) if (taken.push(result) >= most) break;
      return taken;
    };
    const outcome = this.#random.chance(0.5) ? lazily() : Promise.resolve(results);
    return this.#account(outcome, (all) => {
      if (new Set(all).size !== all.length) return false;
      if (all.length < Math.min(most, items.length)) return false;
      return ordered
        ? all.every((value, n) => value === 2 * n)
        : all.every((value) => value % 2 === 0);
    });
  }

  #failing(): Promise<unknown> {
    const map = this.#pool.map(fail, [0, 1, 2, 3, 4, 5, 6, 7]);
    return Promise.all([
      this.#account(map, () => false, RangeError),
      this.#account(this.#pool.submit(fail, 6), () => false, RangeError),
      this.#account(this.#pool.submit(fail, 1), (value) => value === 1),
    ]);
  }

  #limits(): Promise<unknown> {
    return Promise.all(Array.from({ length: this.#random.int(1, 10) }, () => {
      const ms = this.#random.int(0, 40);
      const timeout = this.#random.int(1, 40);
      return this.#account(
        this.#pool.apply(nap, [ms], { timeout }),
        (value) => value === ms,
        TimeoutError,
      );
    }));
  }

  #cancelled(): Promise<unknown> {
    return Promise.all(Array.from({ length: this.#random.int(1, 20) }, async () => {
      const call = this.#pool.submit(nap, 100_000);
      const outcome = this.#account(call, () => false, CancelledError);
      await sleep(this.#random.int(0, 50));
      call.cancel();
      await outcome;
    }));
  }

  /** What does not stop: its worker is ended, or, where that cannot be, it comes to its end itself. */
  async #stubborn(): Promise<unknown> {
    const call = this.#pool.submit(busy, 300);
    const outcome = this.#account(call, () => true, CancelledError);
    await sleep(this.#random.int(0, 100));
    call.cancel();
    return outcome;
  }

  #deaths(): Promise<unknown> {
    return Promise.all([
      this.#account(this.#pool.submit(die, this.#random.int(0, 2)), () => false),
      this.#account(this.#pool.submit(double, 4), (value) => value === 8),
    ]);
  }

  #stream(): Promise<unknown> {
    const count = this.#random.pick(0, 5, 100);
    const most = this.#random.chance(0.3) ? 3 : Infinity;
    const stream = this.#pool.stream(function* (count: number) {
      for (let n = 0; n < count; n++) yield n;
    }, count);
    const read = async () => {
      const values: number[] = [];
      for await (const value of stream) if (values.push(value) >= most) break;
      return values;
    };
    return this.#account(read(), (values) => {
      return values.length === Math.min(most, count) && values.every((value, n) => value === n);
    });
  }

  /** Each item that is done has been counted, under a lock. */
  #counter(): Promise<unknown> {
    const value = new SharedValue("float64", 0);
    const lock = new SharedLock();
    const count = Math.min(50, this.#most);
    const rows = Array.from({ length: count }, (_, n) => [value, lock, n] as const);
    const map = this.#pool.starmap(
      async (value: SharedValue, lock: SharedLock, n: number) => {
        using _ = await lock.acquire();
        value.value = (value.value as number) + 1;
        return n;
      },
      rows,
    );
    return this.#account(map, (all) => {
      return all.length === count && value.value === count &&
        all.every((result, n) => result === n);
    });
  }

  /** What workers put, this thread gets. */
  async #queue(): Promise<unknown> {
    const queue = new SharedQueue<number>();
    const put = this.#pool.submit(
      async (queue: SharedQueue<number>, count: number) => {
        for (let n = 0; n < count; n++) await queue.put(n);
        await queue.put(-1);
        return count;
      },
      queue,
      200,
    );
    const outcome = this.#account(put, (count) => count === 200);
    let put_ended = false;
    put.addDoneCallback(() => put_ended = put.cancelled() || put.exception() !== undefined);
    for (let n = 0; !put_ended;) {
      const [item] = await Promise.all([queue.qsize() > 0 ? queue.get() : undefined, sleep(0)]);
      if (item === undefined) continue;
      if (item === -1) break;
      if (item !== n++) throw new Error(`Wrong item: ${item}`);
    }
    queue.close();
    return outcome;
  }
}
