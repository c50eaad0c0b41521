/**
 * Random programs of a pool on real workers of each kind, with every way of ending calls and pools at
 * once: each call has one outcome, its own or one that the program accounts for, and nothing is left.
 * `pool_programs_test.ts` does a thousand times as many on workers that are simulated.
 */
import { assert, assertEquals } from "@std/assert";
import {
  CancelledError,
  createTask,
  InvalidStateError,
  ProcessPool,
  QueueFull,
  sleep,
  WorkerCrashedError,
  WorkerPool,
} from "../../mod.ts";
import { Random } from "../support/random.ts";

const PROGRAMS = Number(Deno.env.get("STRAND_TEST_HOST_PROGRAMS") ?? 4);
const FIRST = Number(Deno.env.get("STRAND_TEST_SEED") ?? 1);

interface Task {
  id: number;
  how: "returns" | "returns later" | "fails" | "fails later" | "exits" | "throws outside" | "stays";
}

/** What each task does; travels as source. */
const work = async ({ id, how }: Task): Promise<number> => {
  if (how.endsWith("later")) await new Promise((go) => setTimeout(go, id % 4));
  if (how.startsWith("fails")) throw new RangeError(`${id}`);
  if (how === "exits") Deno.exit(id % 3);
  if (how === "throws outside") setTimeout(() => reportError(new Error("nobody catches this")));
  if (!how.startsWith("returns")) await new Promise<never>(() => {});
  return id;
};

async function* each(tasks: Task[]): AsyncGenerator<number> {
  for (const { id, how } of tasks) {
    if (how.endsWith("later")) await new Promise((go) => setTimeout(go, 1));
    if (how.startsWith("fails")) throw new RangeError(`${id}`);
    if (how === "exits") Deno.exit(1);
    yield id;
  }
}

class Program {
  readonly #random: Random;
  readonly #pool: WorkerPool | ProcessPool;
  readonly #deadly: boolean;
  readonly #cancels: boolean;
  readonly #limited: boolean;
  readonly #checks: Promise<void>[] = [];
  #ids = 0;
  #ending = false;

  constructor(seed: number, host: "web" | "node" | "process") {
    const random = this.#random = new Random(seed);
    this.#deadly = random.chance(0.4);
    this.#cancels = random.chance(0.6);
    const maxWorkers = random.int(1, 2);
    this.#limited = random.chance(0.2);
    const options = {
      maxWorkers,
      cancelGrace: random.pick(0, 5, 50),
      ...(random.chance(0.5) ? { maxTasksPerWorker: random.pick(1, 2, 5, 20) } : {}),
      ...(random.chance(0.3) ? { minWorkers: random.int(0, maxWorkers) } : {}),
      ...(random.chance(0.3) ? { idleTimeout: random.pick(0, 1, 20) } : {}),
      ...(this.#limited ? { maxQueue: random.int(0, 4) } : {}),
    };
    this.#pool = host === "process"
      ? new ProcessPool(options)
      : new WorkerPool({ ...options, host });
  }

  async run(): Promise<void> {
    const random = this.#random;
    for (let steps = random.int(2, 7); steps > 0; steps--) {
      this.#act();
      for (let turns = random.int(0, 4); turns > 0; turns--) await sleep(0);
    }
    // Work is still under way in the end.
    this.#ending = true;
    await random.pick(
      () => this.#pool.shutdown(),
      () => this.#pool.shutdown({ cancelFutures: true }),
      () => this.#pool.terminate(),
      () => {
        this.#pool.close();
        return this.#pool.join();
      },
    )();
    await Promise.all(this.#checks);
    const { workers, busy, queued } = this.#pool.stats;
    assertEquals({ workers, busy, queued }, { workers: 0, busy: 0, queued: 0 });
  }

  #act(): void {
    const random = this.#random;
    const pool = this.#pool;
    switch (random.int(0, 5)) {
      case 0:
        for (let n = random.int(1, 5); n > 0; n--) {
          const task = this.#task(this.#cancels);
          const future = pool.submit(work, task);
          this.#expect([task], future.then((id) => [id]));
          if (task.how === "stays" || (this.#cancels && random.chance(0.2))) {
            void this.#later(() => future.cancel());
          }
        }
        return;
      case 1: {
        const task = this.#task(this.#cancels);
        const controller = new AbortController();
        const { signal } = controller;
        const priority = random.int(-1, 1);
        this.#expect([task], pool.apply(work, [task], { signal, priority }).then((id) => [id]));
        if (task.how === "stays" || (this.#cancels && random.chance(0.4))) {
          void this.#later(() => controller.abort());
        }
        return;
      }
      case 2: {
        const tasks = this.#tasks();
        const ordered = random.chance(0.7);
        const options = random.chance(0.5) ? { chunksize: random.int(1, 4) } : {};
        const source = random.pick<Iterable<Task> | AsyncIterable<Task>>(
          tasks,
          new Set(tasks),
          (async function* () {
            for (const task of tasks) {
              if (task.id % 3 === 0) await sleep(0);
              yield task;
            }
          })(),
        );
        const map = ordered
          ? pool.map(work, source, options)
          : pool.mapUnordered(work, source, options);
        this.#expect(tasks, Promise.resolve(map), ordered);
        return;
      }
      case 3: {
        const tasks = this.#tasks();
        return this.#iterate(tasks, pool.starmap(work, tasks.map((task) => [task] as [Task])));
      }
      case 4: {
        const tasks = this.#tasks().filter(({ how }) => how !== "throws outside");
        return this.#iterate(tasks, pool.stream(each, tasks));
      }
      case 5: {
        if (!this.#cancels) return;
        const task = this.#task(true);
        const waiting = createTask(async () => [await pool.submit(work, task)]);
        this.#expect([task], Promise.resolve(waiting));
        void this.#later(() => waiting.cancel());
      }
    }
  }

  #task(mayStay = false): Task {
    const hows: Task["how"][] = ["returns", "returns", "returns later"];
    if (this.#random.chance(0.3)) hows.push("fails", "fails later");
    if (this.#deadly) hows.push("exits", "throws outside");
    if (mayStay) hows.push("stays");
    return { id: this.#ids++, how: this.#random.pick(...hows) };
  }

  #tasks(): Task[] {
    return Array.from({ length: this.#random.int(0, 12) }, () => this.#task());
  }

  async #later(fn: () => void): Promise<void> {
    for (let turns = this.#random.int(0, 12); turns > 0; turns--) await sleep(0);
    fn();
  }

  #iterate(tasks: Task[], values: AsyncIterable<number>): void {
    const most = this.#random.chance(0.3) ? 2 : Infinity;
    const seen: number[] = [];
    const loop = async () => {
      if (tasks.length === 0 && most < Infinity) return [];
      for await (const value of values) if (seen.push(value) >= most) break;
      return seen.length >= most ? tasks.map(({ id }) => id) : seen;
    };
    this.#expect(tasks, loop());
  }

  /** See that what comes out is what was asked for, or an error that has a reason. */
  #expect(tasks: Task[], outcome: Promise<number[]>, ordered = true): void {
    this.#checks.push(outcome.then((ids) => {
      assertEquals(ordered ? ids : ids.toSorted((a, b) => a - b), tasks.map(({ id }) => id));
    }, (error) => {
      if (error instanceof WorkerCrashedError) {
        return assert(this.#deadly || this.#cancels, "crashed");
      }
      if (error instanceof CancelledError || error instanceof DOMException) {
        return assert(this.#cancels || this.#ending, "cancelled");
      }
      if (error instanceof QueueFull) return assert(this.#limited, "full");
      if (error instanceof InvalidStateError) return assert(this.#ending, `${error}`);
      const task = tasks.find(({ id }) => `${id}` === (error as Error).message);
      assert(task?.how.startsWith("fails"), `${error}`);
    }));
  }
}

for (const host of ["web", "node", "process"] as const) {
  Deno.test(`Random programs on ${host} workers: every call is accounted for`, async () => {
    for (let seed = FIRST; seed < FIRST + PROGRAMS; seed++) {
      try {
        await new Program(seed, host).run();
      } catch (cause) {
        throw new Error(`Program ${seed}: ${(cause as Error).message}`, { cause });
      }
    }
  });
}
