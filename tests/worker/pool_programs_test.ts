/**
 * Random programs of a pool, on workers that are simulated, in virtual time. After each thing that
 * happens the rule of the pool is looked at: no job waits in vain. In the end every call has settled,
 * with its own result or with an error that the program accounts for.
 */
import { turn } from "../support/virtual_turns.ts";
import { assert, assertEquals } from "@std/assert";
import {
  CancelledError,
  type Future,
  type MapResult,
  QueueFull,
  TimeoutError,
  WorkerCrashedError,
} from "../../mod.ts";
import { type CommonPoolOptions, readPoolOptions } from "../../lib/worker/pool/options.ts";
import { Pool } from "../../lib/worker/pool/pool.ts";
import { PoolExecutor } from "../../lib/worker/pool/pool_executor.ts";
import { SimulatedHost, type Task } from "../support/simulated_host.ts";
import { Random } from "../support/random.ts";
import { microtasks, VirtualTime } from "../support/virtual_time.ts";

const PROGRAMS = Number(Deno.env.get("STRAND_TEST_PROGRAMS") ?? 1_000);
/** No program takes longer, in virtual milliseconds. */
const LONG = 1_000_000;

const fn = (task: Task) => task.id;
function* generator(...tasks: Task[]) {
  for (const { id } of tasks) yield id;
}

/** What may go wrong in a program, and so be the outcome of a call. */
interface Risks {
  fails: boolean;
  dies: boolean;
  cancels: boolean;
}

class Program {
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #host: SimulatedHost;
  readonly #pool: Pool;
  readonly #executor: PoolExecutor;
  readonly #options: CommonPoolOptions;
  readonly #risks: Risks;
  /** Most are small, so that there are many; what needs more to go wrong finds it in the others. */
  readonly #large: boolean;
  readonly #open = new Set<string>();
  readonly #checks: Promise<void>[] = [];
  readonly #faults: unknown[] = [];
  #ids = 0;

  constructor(seed: number, time: VirtualTime) {
    const random = this.#random = new Random(seed);
    this.#time = time;
    this.#large = random.chance(0.2);
    this.#risks = {
      fails: random.chance(0.5),
      dies: random.chance(0.4),
      cancels: random.chance(0.6),
    };
    this.#host = new SimulatedHost(time, random, {
      shares: random.chance(0.7),
      falseStarts: random.chance(0.2) ? 0.2 : 0,
      stuck: random.chance(0.2) ? 0.5 : 0,
    });
    const maxWorkers = random.int(1, 4);
    this.#options = {
      maxWorkers,
      minWorkers: random.chance(0.3) ? random.int(0, maxWorkers) : 0,
      cancelGrace: random.pick(5, 100),
      idleTimeout: random.pick(Infinity, 10, 100),
    };
    if (random.chance(0.6)) this.#options.maxTasksPerWorker = random.pick(1, 2, 3, 5, 10, 100);
    if (random.chance(0.2)) this.#options.maxQueue = random.int(0, 6);
    const settings = readPoolOptions("create a pool", "Simulated", this.#options);
    this.#pool = new Pool(this.#host, settings);
    this.#executor = new PoolExecutor(this.#pool);
  }

  async run(): Promise<void> {
    for (let steps = this.#random.int(1, this.#large ? 25 : 6); steps > 0; steps--) {
      this.#act();
      await this.#look();
      if (this.#random.chance(0.6)) await this.#wait(this.#time.now + this.#random.int(0, 60));
    }
    await this.#wait(this.#time.now + LONG);
    assertEquals(
      [...this.#open],
      [],
      `is open still; ${JSON.stringify(this.#executor.stats)}`,
    );
    await Promise.all(this.#checks);
    if (this.#faults.length > 0) throw this.#faults[0];
    let ended = false;
    this.#executor.shutdown({ cancelFutures: this.#random.chance(0.5) }).then(() => ended = true);
    await this.#look();
    await this.#wait(this.#time.now + LONG);
    const { workers, busy, queued } = this.#executor.stats;
    assertEquals({ ended, workers, busy, queued }, { ended: true, workers: 0, busy: 0, queued: 0 });
    this.#host[Symbol.dispose]();
  }

  /** Let time go on to a moment, or until all has ended and nothing more happens. */
  async #wait(until: number): Promise<void> {
    let turns = 0;
    // An idle pool with an idle timeout and workers to keep looks after them for ever.
    for (let quiet = 0; quiet < 50;) {
      if (this.#time.step(until)) turns = 0;
      // Where an async source is read, and in a long row of steps, the event loop has its turn.
      else if (!(await turn()) || ++turns > 10) break;
      await this.#look();
      quiet = this.#open.size === 0 && !this.#pool.closed ? quiet + 1 : 0;
    }
  }

  async #look(): Promise<void> {
    await microtasks();
    let { stats } = this.#executor;
    // Workers are started one in each turn of the event loop.
    if (stats.queued > 0 && stats.workers < this.#options.maxWorkers!) {
      await turn();
      ({ stats } = this.#executor);
    }
    assert(!this.#pool.stalled, `stalled: ${JSON.stringify(stats)}`);
    assert(stats.workers <= this.#options.maxWorkers!, "too many workers");
    if (!this.#pool.closed && !this.#risks.dies && this.#host.weather.falseStarts === 0) {
      assert(stats.workers >= this.#options.minWorkers!, `too few workers: ${stats.workers}`);
    }
  }

  #act(): void {
    const { signal, abort } = this.#signal();
    switch (this.#random.int(0, 8)) {
      case 0:
      case 1:
        for (let n = this.#random.pick(1, 1, 3, this.#large ? 20 : 4); n > 0; n--) this.#submit();
        return;
      case 2: {
        const options = {
          priority: this.#random.int(-1, 1),
          ...(this.#random.chance(0.3) ? { timeout: this.#random.int(1, 30) } : {}),
          ...(signal ? { signal } : {}),
        };
        const task = this.#task();
        abort();
        return this.#expect([task], this.#executor.apply(fn, [task], options, fn));
      }
      case 3:
      case 4:
        return this.#map(false);
      case 5:
      case 6:
        return this.#map(true);
      case 7: {
        const tasks = this.#tasks(5);
        const stream = this.#executor.stream(generator, tasks, fn);
        return this.#iterate(
          "stream",
          stream,
          tasks,
          this.#random.chance(0.2) ? 1 : Infinity,
          true,
        );
      }
      case 8:
        if (this.#risks.dies) this.#host.killOne();
    }
  }

  #signal(): { signal: AbortSignal | undefined; abort: () => void } {
    if (!this.#risks.cancels || !this.#random.chance(0.3)) {
      return { signal: undefined, abort: () => {} };
    }
    const controller = new AbortController();
    return {
      signal: controller.signal,
      abort: () => this.#time.after(this.#random.int(0, 50), () => controller.abort()),
    };
  }

  #task(): Task {
    const { fails, dies } = this.#risks;
    const how = fails && this.#random.chance(0.05)
      ? "fails"
      : dies && this.#random.chance(0.05)
      ? "dies"
      : "returns";
    const ms = this.#random.pick(0, 0, 0, 1, 5, this.#random.int(0, 50));
    return { id: this.#ids++, ms, how, stubborn: this.#random.chance(0.3) };
  }

  #tasks(most: number): Task[] {
    return Array.from({ length: this.#random.int(1, most) }, () => this.#task());
  }

  #submit(): void {
    const task = this.#task();
    const future = this.#executor.submit(fn, [task], fn);
    this.#expect([task], future);
    if (this.#risks.cancels && this.#random.chance(0.2)) {
      this.#time.after(this.#random.int(0, 40), () => future.cancel());
    }
  }

  /** Note that a call is open, and look at its outcome once there is one. */
  #expect([task]: Task[], future: Future<unknown>): void {
    this.#check(
      `call ${task!.id}`,
      future.then(
        (value) => assertEquals([value, task!.how], [task!.id, "returns"]),
        (error) => this.#checkError(error, [task!]),
      ),
    );
  }

  /** Something is open until `ended` settles; what it rejects with is a fault. */
  #check(name: string, ended: Promise<void>): void {
    this.#open.add(name);
    this.#checks.push(
      ended.catch((fault) => void this.#faults.push(fault)).finally(() => this.#open.delete(name)),
    );
  }

  #map(lazy: boolean): void {
    const tasks = this.#tasks(this.#random.pick(5, this.#large ? 60 : 8));
    const { signal, abort } = this.#signal();
    const options = {
      ...(this.#random.chance(0.4) ? { chunksize: this.#random.int(1, 12) } : {}),
      ...(this.#random.chance(0.3) ? { buffersize: this.#random.int(1, 12) } : {}),
      ...(signal ? { signal } : {}),
    };
    const ordered = this.#random.chance(0.7);
    const spread = ordered && this.#random.chance(0.4);
    const items = spread ? tasks.map((task) => [task]) : tasks;
    const source = this.#random.pick<unknown>(
      items,
      new Set<unknown>(items),
      (function* () {
        yield* items;
      })(),
      (async function* () {
        yield* items;
      })(),
    );
    const run = this.#executor.map("map", fn, source, options, { ordered, spread }, fn);
    abort();
    const results = run as MapResult<unknown>;
    if (lazy) {
      return this.#iterate("map", results, tasks, this.#random.chance(0.3) ? 2 : Infinity, ordered);
    }
    const name = `map of ${tasks[0]!.id}`;
    this.#check(
      name,
      Promise.resolve(results).then((all) => {
        const sorted = ordered ? all : all.toSorted((a, b) => (a as number) - (b as number));
        assertEquals(sorted, tasks.map(({ id }) => id));
      }, (error) => this.#checkError(error, tasks)),
    );
  }

  #iterate(
    kind: string,
    values: AsyncIterable<unknown>,
    tasks: Task[],
    most: number,
    ordered: boolean,
  ): void {
    const name = `${kind} of ${tasks[0]!.id}`;
    const seen: unknown[] = [];
    const loop = async () => {
      let complete = true;
      try {
        for await (const value of values) {
          seen.push(value);
          if (seen.length < most) continue;
          complete = false;
          break;
        }
      } catch (error) {
        complete = false;
        this.#checkError(error, tasks);
      }
      const ids = tasks.map(({ id }) => id);
      if (ordered) assertEquals(seen, ids.slice(0, seen.length));
      else assertEquals(new Set(seen).size, seen.length);
      if (complete) assertEquals(seen.length, ids.length);
    };
    this.#check(name, loop());
  }

  /** An error has to have a reason in the program. */
  #checkError(error: unknown, tasks: Task[]): void {
    if (error instanceof WorkerCrashedError) {
      // A call that does not stop takes what runs beside it in its worker down: nothing does.
      return assert(this.#risks.dies || this.#host.weather.falseStarts > 0, "crashed");
    }
    if (error instanceof CancelledError) return assert(this.#risks.cancels, "cancelled");
    if (error instanceof DOMException) return assert(this.#risks.cancels, "aborted");
    if (error instanceof TimeoutError) return;
    if (error instanceof QueueFull) return assert(this.#options.maxQueue !== undefined, "full");
    const failed = tasks.find(({ id }) => `${id}` === (error as Error).message);
    assertEquals(failed?.how, "fails", `${error}`);
  }
}

Deno.test("Random programs: no job waits in vain, and every call is accounted for", async () => {
  const first = Number(Deno.env.get("STRAND_TEST_SEED") ?? 1);
  // Half of the time would go into stacks that nobody reads.
  const { stackTraceLimit } = Error;
  if (PROGRAMS > 1) Error.stackTraceLimit = 0;
  for (let seed = first; seed < first + PROGRAMS; seed++) {
    using time = new VirtualTime(0.005);
    try {
      await new Program(seed, time).run();
    } catch (error) {
      throw new Error(`Program ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  Error.stackTraceLimit = stackTraceLimit;
});
