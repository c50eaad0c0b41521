/**
 * The public signatures, written out: what is awaited, grouped, limited, met at and submitted to, and
 * what shows it. A row is the type that programs outside this repository are written against; it
 * does not compile where the library says anything else. Checked by `deno check`; nothing here runs.
 */
import * as strand from "../../mod.ts";
import type {
  Awaitable,
  Condition,
  Coroutine,
  Future,
  Instrument,
  MapResult,
  PoolStats,
  RunOptions,
  Signal,
  Task,
  TaskInfo,
  Timeout,
} from "../../mod.ts";
import { is } from "./is.ts";

type Cleared<T> = { [K in keyof T]: T[K] };

/** What a value has under these names, to be compared with what is written out. */
type Has<T, K extends keyof T> = Cleared<Pick<T, K>>;

function awaitables(aw: Awaitable<1>, coro: Coroutine<1>, future: Future<1>, task: Task<1>) {
  is<Coroutine<1> | PromiseLike<1>>()(aw, true);
  is<(signal: AbortSignal) => 1 | PromiseLike<1>>()(coro, true);
  // deno-fmt-ignore
  type Futures = {
    done(): boolean; cancelled(): boolean;
    result(): 1;
    exception(): unknown;
    setResult(value: 1): void; setException(error: unknown): void;
    cancel(reason?: unknown): boolean;
  };
  is<Futures>()(null as unknown as Has<typeof future, keyof Futures>, true);
  const called = (done: Future<1>) => void done.result();
  is<void>()(future.addDoneCallback(called), true);
  is<number>()(future.removeDoneCallback(called), true);
  is<void>()(task.addDoneCallback((done: Task<1>) => void done.name), true);
  const promise: Promise<1> = future;
  void promise.finally(() => {});
  // deno-fmt-ignore
  type Tasks = {
    name: string; readonly signal: AbortSignal;
    cancelling(): number; uncancel(): number;
    cancel(reason?: unknown): boolean;
    [Symbol.asyncDispose](): Promise<void>;
  };
  is<Tasks>()(null as unknown as Has<typeof task, keyof Tasks>, true);
}

async function verbs(coro: Coroutine<1>, aw: Awaitable<1>, signal: AbortSignal) {
  is<Task<1>>()(strand.createTask(coro), true);
  is<Task<1>>()(strand.createTask(coro, { name: "a", signal }), true);
  is<() => Task<unknown> | undefined>()(strand.currentTask, true);
  is<() => Set<Task<unknown>>>()(strand.allTasks, true);
  is<() => AbortSignal>()(strand.currentSignal, true);
  is<<T>(aw: Awaitable<T>) => Future<T>>()(strand.ensureFuture, true);
  is<<T>(main: Coroutine<T>, options?: RunOptions) => Promise<T>>()(strand.run, true);
  // deno-fmt-ignore
  type Runs = { handleSignals?: boolean | Signal[]; gracePeriod?: number; signal?: AbortSignal; debug?: boolean };
  is<Runs>()(null as unknown as Cleared<RunOptions>, true);
  is<Promise<void>>()(strand.sleep(1), true);
  is<Promise<"v">>()(strand.sleep<"v">(1, "v"), true);
  is<Promise<1>>()(strand.shield(aw), true);
  // A promise of an async function has begun: it is no coroutine.
  // @ts-expect-error: a promise is no coroutine
  strand.createTask(strand.sleep(5));
  // @ts-expect-error: milliseconds
  await strand.sleep("5");
}

async function structure(coro: Coroutine<1>, body: () => 1, signal: AbortSignal) {
  const { TaskGroup } = strand;
  is<Promise<1>>()(TaskGroup.run(body), true);
  is<Promise<1>>()(TaskGroup.run(async () => await body(), { name: "g", signal }), true);
  is<number>()(await TaskGroup.run((group) => group.createTask(() => 2)), true);
  await using group = new TaskGroup({ onExit: "cancel" });
  void new TaskGroup({ onExit: "join" });
  is<AbortSignal>()(group.signal, true);
  is<Task<1>>()(group.createTask(coro, { name: "child" }), true);
  is<Promise<void>>()(group.join(), true);
  is<void>()(group.cancel(), true);
  // @ts-expect-error: no such way to leave
  void new TaskGroup({ onExit: "leave" });

  const failures = new strand.ExceptionGroup([new Error("a")]);
  const all: AggregateError = failures;
  is<unknown[]>()(failures.errors as unknown[], true);
  is<[strand.ExceptionGroup | undefined, strand.ExceptionGroup | undefined]>()(
    failures.split(RangeError),
    true,
  );
  is<strand.ExceptionGroup | undefined>()(failures.subgroup((error) => error === all), true);
  is<strand.ExceptionGroup>()(failures.derive([]), true);

  const limited = (t: Timeout) => (t.expired(), body());
  is<Promise<1>>()(strand.timeout(5, limited), true);
  is<Promise<1>>()(strand.timeout(null, limited, { signal, abandon: true }), true);
  is<Promise<1>>()(strand.timeoutAt(null, limited, { signal, abandon: false }), true);
  is<Promise<1 | undefined>>()(strand.moveOnAfter(5, limited, { signal, abandon: true }), true);
  // deno-fmt-ignore
  type Limits = {
    when(): number | null; reschedule(when: number | null): void; expired(): boolean;
    readonly signal: AbortSignal;
  };
  is<Limits>()(null as unknown as Has<Timeout, keyof Limits>, true);
  is<Promise<1>>()(strand.waitFor(coro, null), true);
  const word = () => Promise.resolve("a");
  is<Promise<1 | string>>()(strand.race(coro, word), true);
  is<Promise<1 | string>>()(strand.race([coro, word]), true);
  is<Promise<1>>()(strand.race(new Set([coro])), true);
  is<AsyncIterable<string>>()(strand.cancellable(new ReadableStream<string>()), true);
  await strand.wait([coro], { timeout: 5, returnWhen: "ALL_COMPLETED" });
  await strand.wait([coro], { returnWhen: "FIRST_EXCEPTION" });
  const each: AsyncIterable<Future<1>> = strand.asCompleted([coro], { timeout: 5 });
  void each;
  // @ts-expect-error: a mistyped option
  await strand.timeout(5, body, { abandoned: true });
}

async function meetings() {
  // deno-fmt-ignore
  type Locks = { acquire(): Promise<Disposable>; tryAcquire(): Disposable | undefined; release(): void; locked(): boolean };
  is<Locks>()(null as unknown as Has<strand.Lock, keyof Locks>, true);
  is<Locks & { readonly value: number } extends infer T ? Cleared<T> : never>()(
    null as unknown as Has<strand.Semaphore, keyof Locks | "value">,
    true,
  );
  const semaphore: strand.Semaphore = new strand.BoundedSemaphore(2);
  void [semaphore, new strand.Semaphore(), new strand.Semaphore(3), new strand.BoundedSemaphore()];
  type Events = { set(): void; clear(): void; isSet(): boolean; wait(): Promise<true> };
  is<Events>()(null as unknown as Has<strand.Event, keyof Events>, true);
  // deno-fmt-ignore
  type Conditions = Locks & {
    wait(): Promise<true>; waitForPredicate(fn: () => boolean): Promise<true>;
    notify(n?: number): void; notifyAll(): void;
  };
  is<Cleared<Conditions>>()(null as unknown as Has<Condition, keyof Conditions>, true);
  void [new strand.Condition(), new strand.Condition(new strand.Lock())];
  // deno-fmt-ignore
  type Barriers = {
    wait(): Promise<number>; reset(): Promise<void>; abort(): Promise<void>;
    readonly parties: number; readonly nWaiting: number; readonly broken: boolean;
  };
  is<Barriers>()(null as unknown as Has<strand.Barrier, keyof Barriers>, true);

  // deno-fmt-ignore
  type Queues = {
    put(item: 1): Promise<void>; get(): Promise<1>; putNowait(item: 1): void; getNowait(): 1;
    taskDone(): void; join(): Promise<void>; qsize(): number; empty(): boolean; full(): boolean;
    readonly maxsize: number;
    shutdown(options?: { immediate?: boolean }): void;
  };
  type Named = Exclude<keyof Queues, "shutdown">;
  is<Pick<Queues, Named>>()(null as unknown as Has<strand.Queue<1>, Named>, true);
  new strand.Queue<1>(3).shutdown({ immediate: true });
  for await (const item of new strand.LifoQueue<1>(3)) is<1>()(item, true);
  const queues: strand.Queue<Date>[] = [new strand.LifoQueue(), new strand.PriorityQueue()];
  void [queues, new strand.PriorityQueue<number[]>(0, (a, b) => a.length - b.length)];

  // deno-fmt-ignore
  type Limiters = {
    total: number; readonly borrowed: number; readonly available: number; readonly waiting: number;
    acquire(): Promise<Disposable>; tryAcquire(): Disposable | undefined;
  };
  is<Limiters>()(null as unknown as Has<strand.CapacityLimiter, keyof Limiters>, true);
  is<number>()(await new strand.CapacityLimiter(1).run(async () => await 2), true);
  // deno-fmt-ignore
  type Rates = {
    acquire(amount?: number): Promise<void>; tryAcquire(amount?: number): boolean; readonly available: number;
  };
  is<Rates>()(null as unknown as Has<strand.RateLimiter, keyof Rates>, true);
  void new strand.RateLimiter(3, 1_000);

  const errors: (new (message?: string, options?: ErrorOptions) => Error)[] = [
    strand.CancelledError,
    strand.TimeoutError,
    strand.InvalidStateError,
    strand.QueueEmpty,
    strand.QueueFull,
    strand.QueueShutDown,
    strand.BrokenBarrierError,
    strand.WorkerCrashedError,
    strand.BrokenWorkerPoolError,
  ];
  void errors;
}

async function executors(signal: AbortSignal, workers: strand.WorkerPool, tasks: strand.TaskPool) {
  const add = (a: number, b: number) => a + b;
  const text = (n: number) => Promise.resolve(`${n}`);
  async function* later() {
    yield await 1;
  }
  const pools: strand.Executor[] = [tasks, workers, new strand.ProcessPool()];
  for (const pool of pools) {
    is<Future<number>>()(pool.submit(add, 1, 2), true);
    is<Future<string>>()(
      pool.apply(text, [1], { signal, timeout: 5, transfer: [], priority: 1 }),
      true,
    );
    is<MapResult<string>>()(
      pool.map(text, later(), {
        signal,
        timeout: 5,
        chunksize: 1,
        buffersize: 2,
        onProgress: (done: number, total?: number) => void [done, total],
      }),
      true,
    );
    is<MapResult<number>>()(pool.starmap(add, [[1, 2]] as const, { chunksize: 1 }), true);
    is<MapResult<string>>()(pool.mapUnordered(text, [1], { chunksize: 1 }), true);
    is<Promise<void>>()(pool.shutdown({ wait: true, cancelFutures: true }), true);
    await pool[Symbol.asyncDispose]();
    // @ts-expect-error: a mistyped option
    await pool.apply(add, [1, 2], { timeuot: 5 });
  }
  is<PromiseLike<1[]> & AsyncIterable<1>>()(null as unknown as MapResult<1>, true);

  void [new strand.TaskPool(), new strand.TaskPool(3)];
  void new strand.TaskPool({ maxWorkers: 3, name: "a", maxQueue: 5, rate: { max: 1, perMs: 5 } });
  type Ends = { close(): void; join(): Promise<void>; terminate(): Promise<void> };
  // deno-fmt-ignore
  type Controls = Ends & {
    maxWorkers: number; pause(): void; resume(): void; idle(): Promise<void>; readonly stats: PoolStats;
  };
  is<Cleared<Controls>>()(null as unknown as Has<strand.TaskPool, keyof Controls>, true);

  const common = {
    maxWorkers: 2,
    minWorkers: 1,
    maxQueue: 5,
    initializer: (word: string) => void word,
    initargs: ["a"],
    maxTasksPerWorker: 10,
    idleTimeout: 5,
    cancelGrace: 5,
    name: "a",
    onWorkerExit: ({ name, crashed, cause }: strand.WorkerExit) => void [name, crashed, cause],
  };
  void [new strand.WorkerPool(), new strand.WorkerPool(2), new strand.ProcessPool(2)];
  void new strand.WorkerPool({ ...common, host: "web", permissions: "none" });
  void new strand.WorkerPool({ ...common, host: "node", resourceLimits: {} });
  void new strand.WorkerPool({ worker: () => new Worker("data:,", { type: "module" }) });
  void new strand.ProcessPool({ ...common, permissions: { net: false } });
  // @ts-expect-error: processes are limited by permissions
  void new strand.ProcessPool({ host: "node" });
  // @ts-expect-error: Python's name of it
  void new strand.WorkerPool({ processes: 2 });
  // deno-fmt-ignore
  type Pools = Ends & { readonly stats: PoolStats };
  is<Cleared<Pools>>()(null as unknown as Has<strand.WorkerPool, keyof Pools>, true);
  is<Cleared<Pools>>()(null as unknown as Has<strand.ProcessPool, keyof Pools>, true);
  is<AsyncIterable<number>>()(workers.stream(() => later(), ...[]), true);
  // deno-fmt-ignore
  type Counts = Record<"workers" | "idle" | "busy" | "queued" | "completed" | "failed" | "cancelled" | "crashed" | "stuck", number>;
  is<Cleared<Counts>>()(null as unknown as Cleared<PoolStats>, true);

  is<Future<number>>()(strand.toThread(add, 1, 2), true);
  is<() => boolean>()(strand.cancelRequested, true);
  is<typeof add>()(strand.remote(import.meta, add), true);
  is<{ add: typeof add; text: typeof text }>()(
    strand.remote({ url: "app:tasks" }, { add, text }),
    true,
  );
  is<Uint8Array>()(strand.transfer(new Uint8Array(1) as Uint8Array, []), true);
  // @ts-expect-error: `args` are checked against the target
  void new strand.Thread((n: number) => n, { args: ["a"] });
  // @ts-expect-error: and are not left out
  void new strand.Thread((n: number) => n);
}

function observation(info: TaskInfo) {
  is<() => TaskInfo[]>()(strand.taskTree, true);
  is<(tree?: TaskInfo[]) => string>()(strand.formatTaskTree, true);
  is<() => void>()(strand.printTaskTree, true);
  is<(hooks: Instrument) => Disposable>()(strand.instrument, true);
  // deno-fmt-ignore
  type Infos = {
    readonly name: string; readonly kind: "run" | "group" | "task" | "call";
    readonly state: "ready" | "running" | "waiting" | "native" | "cancelling" | "done"; readonly since: number;
    readonly waitsFor?: strand.WaitInfo; readonly awaitedBy: string[]; readonly children: TaskInfo[];
    readonly createdAt?: string;
  };
  is<Infos>()(null as unknown as Cleared<typeof info>, true);
  // deno-fmt-ignore
  is<{ readonly kind: string; readonly name?: string; readonly heldBy?: string }>()(
    null as unknown as Cleared<strand.WaitInfo>, true,
  );
  // deno-fmt-ignore
  is<{ readonly state: "done" | "failed" | "cancelled"; readonly error?: unknown }>()(
    null as unknown as Cleared<strand.Outcome>, true,
  );
  // deno-fmt-ignore
  is<{ readonly name: string; readonly pool: string; readonly worker?: string; readonly id: number }>()(
    null as unknown as Has<strand.CallInfo, "name" | "pool" | "worker" | "id">, true,
  );
  is<{ readonly name: string; readonly pool: string }>()(
    null as unknown as Cleared<strand.WorkerInfo>,
    true,
  );
  // deno-fmt-ignore
  type Hooks =
    | "taskCreated" | "taskStarted" | "taskEnded" | "waitBegan" | "waitEnded"
    | "callSubmitted" | "callStarted" | "callEnded" | "workerStarted" | "workerEnded";
  is<Hooks>()(null as unknown as keyof Instrument, true);
  strand.instrument({
    taskCreated: (task) => is<TaskInfo>()(task, true),
    taskEnded: (task, outcome) => void [task, is<strand.Outcome>()(outcome, true)],
    waitBegan: (task, wait) => void [task, is<strand.WaitInfo>()(wait, true)],
    callEnded: (call, outcome) => void [is<strand.CallInfo>()(call, true), outcome.state],
    workerStarted: (worker) => is<strand.WorkerInfo>()(worker, true),
  });
  // @ts-expect-error: no such hook
  strand.instrument({ taskBegan: () => {} });
}

Deno.test("The public signatures are what `deno check` holds them to", () => {
  for (const fn of [awaitables, verbs, structure, meetings, executors, observation]) void fn;
});
