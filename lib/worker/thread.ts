import { InvalidStateError } from "../task_errors.ts";
import { inspect } from "../base/inspect.ts";
import { checkDuration, checkFunction, checkOptions, show } from "../base/validate.ts";
import { Future, futureInternals } from "../core/future.ts";
import { wait } from "../task/wait.ts";
import { describeCallable, describeRun } from "../wire/describe_function.ts";
import { refuseTransferred } from "../wire/transfer.ts";
import { checkArguments } from "../executor/checks.ts";
import { defaultHost } from "./hosts/default_host.ts";
import { ThreadHost } from "./hosts/thread_host.ts";
import { Call } from "./pool/call.ts";
import { callSite } from "./pool/caller_stack.ts";
import { readPoolOptions } from "./pool/options.ts";
import { Pool } from "./pool/pool.ts";

/**
 * Options of a {@linkcode Thread}.
 *
 * @example
 * ```ts
 * import { Thread, type ThreadOptions } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // Those that still run do not keep the program from ending.
 * function optionsOf(part: number): ThreadOptions {
 *   return { name: `part-${part}`, daemon: true };
 * }
 *
 * const times = (n: number) => 100 * n;
 * const threads = [1, 2].map((part) => new Thread(times, { ...optionsOf(part), args: [part] }));
 * for (const thread of threads) thread.start();
 * assertEquals(await Promise.all(threads.map((thread) => thread.result())), [100, 200]);
 * assertEquals(threads.map(({ name }) => name), ["part-1", "part-2"]);
 * ```
 */
export interface ThreadOptions<A extends readonly unknown[] = readonly unknown[]> {
  /** The arguments of the target. They may be left out where it needs none. Default: none. */
  args?: Readonly<A>;
  /** The name of the thread. Default: `"Thread-1"`, `"Thread-2"` … */
  name?: string;
  /** Whether the program may end while the thread still runs. Default: `false`. */
  daemon?: boolean;
}

/** What `multiprocessing` gives for a process that SIGTERM ended. */
const TERMINATED = -15;
/** And for one that an error ended. */
const FAILED = 1;

let count = 0;

/**
 * A thread of its own for one function: started once, joined, and asked for its result.
 *
 * For many functions a `WorkerPool` is the better choice, since a thread takes some 15 ms to start.
 * What the target is and what crosses is as there: it is registered with `remote` or
 * self-contained, and its arguments are copied, or shared where they are shared objects.
 *
 * Instead of giving a target, a class may be derived from `Thread` that overrides `run`. The fields
 * of the object are copied into the thread, its constructor is not run there, and private (`#`)
 * fields stay behind. The class is registered with `remote`,
 * or self-contained; so are the classes between it and `Thread`, if there are any. How they name what
 * they extend does not matter: `extends strand.Thread`, an alias and a mixin are as good.
 *
 * A thread that is no daemon holds the program alive until it ends; a daemon only as long as somebody
 * waits for it.
 *
 * CPython: `threading.Thread` and `multiprocessing.Process`. As with a process, nothing is shared
 * but what is made for it, and there are `exitcode` and `terminate`.
 *
 * @typeParam R What the target returns or resolves with.
 * @typeParam A The arguments of the target.
 *
 * @example
 * ```ts
 * import { Thread } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const thread = new Thread((a: number, b: number) => a + b, { args: [1, 2] });
 * thread.start();
 * await thread.join();
 * assertEquals(thread.exitcode, 0);
 * assertEquals(await thread.result(), 3);
 *
 * class Squares extends Thread<number> {
 *   constructor(readonly limit: number) {
 *     super();
 *   }
 *   override run(): number {
 *     let sum = 0;
 *     for (let i = 1; i <= this.limit; i++) sum += i * i;
 *     return sum;
 *   }
 * }
 * const squares = new Squares(10);
 * squares.start();
 * assertEquals(await squares.result(), 385);
 * ```
 */
export class Thread<R = unknown, A extends readonly unknown[] = []> {
  /** Its name. */
  readonly name: string;
  /** Whether the program may end while it runs. */
  readonly daemon: boolean;
  /** A number of its own, from its start on; `null` before. */
  readonly ident: number | null = null;
  readonly #target: unknown;
  readonly #args: unknown[];
  readonly #pool: Pool;
  readonly #host: ThreadHost;
  readonly #end: Future<void> = new Future();
  #future: Future<unknown> | undefined;
  #terminated = false;

  /**
   * Make a thread; `start` starts it.
   *
   * @param target What it runs; may be left out in a class that overrides `run`.
   * @param options `args`: the arguments of the target. `name`: its name. `daemon`: whether the
   *   program may end while it runs.
   * @throws {TypeError} If `target` is not a function that can travel, or an option of the wrong type.
   */
  constructor(
    target?: (...args: A) => R | PromiseLike<R>,
    ...rest: [] extends A ? [options?: ThreadOptions<NoInfer<A>>]
      : [options: ThreadOptions<NoInfer<A>> & { args: Readonly<NoInfer<A>> }]
  ) {
    const what = "create a thread";
    const [options] = rest;
    const derived = this.run !== Thread.prototype.run;
    if (target !== undefined || !derived) {
      checkFunction(what, "target", target);
      describeCallable(what, target);
    }
    checkOptions(what, options, ["args", "name", "daemon"]);
    const { args = [], name, daemon = false } = options ?? {};
    checkArguments(what, args);
    refuseTransferred(what, args);
    if (typeof daemon !== "boolean") {
      throw new TypeError(`Cannot ${what}: daemon must be a boolean, received ${show(daemon)}`);
    }
    if (name !== undefined && typeof name !== "string") {
      throw new TypeError(`Cannot ${what}: name must be a string, received ${show(name)}`);
    }
    this.name = name ?? `Thread-${++count}`;
    this.daemon = daemon;
    this.#target = derived && target === undefined ? undefined : target;
    this.#args = [...args];
    const settings = readPoolOptions(what, "Thread", { maxWorkers: 1, name: this.name });
    this.#host = new ThreadHost(defaultHost(what), daemon);
    this.#pool = new Pool(this.#host, settings);
  }

  /**
   * What the thread does: by default it calls the target. Override it in a derived class.
   *
   * It runs in the thread; called here, by hand, the default does nothing but refuse.
   *
   * @returns The result, or a promise for it.
   * @throws {InvalidStateError} Always, unless overridden.
   */
  run(): R | PromiseLike<R> {
    throw new InvalidStateError("Cannot run a thread here: start it");
  }

  /**
   * Start it. What can go wrong in starting it reaches `result`.
   *
   * @throws {InvalidStateError} If it was started before, or if a worker is loading this module.
   */
  start(): void {
    const what = "start a thread";
    if (this.#future !== undefined) {
      throw new InvalidStateError(`Cannot ${what}: it was started before`);
    }
    this.#pool.checkOpen(what);
    (this as { ident: number | null }).ident = ++started;
    const derived = this.#target === undefined;
    const described = derived
      ? describeRun(what, this.constructor, Thread)
      : describeCallable(what, this.#target);
    const args = derived ? [{ ...this }] : this.#args;
    const call = new Call(this.#pool, described, args, callSite(this.start));
    this.#future = call.future;
    // Who leaves by a call has not failed: there is just no result.
    call.future.addDoneCallback((future) => {
      if (this.#host.left) futureInternals.markRetrieved(future);
    });
    this.#pool.add(call);
    this.#pool.close();
    this.#pool.whenEnded().then(() => futureInternals.resolve(this.#end, undefined));
  }

  /**
   * Wait until it has ended, whatever the outcome.
   *
   * @param timeoutMs How many milliseconds to wait at most; `isAlive` then says what came first.
   *   Default: as long as it takes.
   * @returns When it has ended or the time is over.
   * @throws {TypeError} (as a rejection) If `timeoutMs` is not a number.
   * @throws {RangeError} (as a rejection) If `timeoutMs` is `NaN`.
   * @throws {InvalidStateError} (as a rejection) If it was not started.
   * @throws {CancelledError} (as a rejection) If the waiting task is cancelled; the thread goes on.
   *
   * @example
   * ```ts
   * import { Thread } from "@strand/strand";
   * import { assert, assertFalse } from "@std/assert";
   *
   * const thread = new Thread(() => new Promise(() => {})); // never ends by itself
   * thread.start();
   * await thread.join(1);
   * assert(thread.isAlive()); // the time was over first
   * thread.terminate();
   * await thread.join();
   * assertFalse(thread.isAlive());
   * ```
   */
  async join(timeoutMs?: number): Promise<void> {
    if (timeoutMs !== undefined) checkDuration("join a thread", "timeoutMs", timeoutMs);
    if (this.#future === undefined) {
      throw new InvalidStateError("Cannot join a thread: it was not started");
    }
    const release = this.#host.hold();
    try {
      await wait([this.#end], timeoutMs === undefined ? {} : { timeout: timeoutMs });
    } finally {
      release();
    }
  }

  /** Whether it was started and has not ended. */
  isAlive(): boolean {
    return this.#future !== undefined && !this.#future.done();
  }

  /**
   * End it at once, without letting it clean up. Locks in shared memory that it held go to others.
   *
   * Where the runtime cannot stop a thread that never comes back (Web Workers in Deno 2.9), it burns
   * on until the program ends. Nothing happens if it has ended; one that was not started cannot be.
   *
   * @throws {InvalidStateError} If it was not started.
   */
  terminate(): void {
    if (this.#future === undefined) {
      throw new InvalidStateError("Cannot terminate a thread: it was not started");
    }
    if (this.#future.done()) return;
    this.#terminated = true;
    this.#pool.terminate();
  }

  /**
   * What its target returned.
   *
   * A failure that nobody asks for is reported as an unhandled rejection. To leave by `Deno.exit()`
   * or `self.close()` is none: as in CPython, only `exitcode` tells of it.
   *
   * @returns The result.
   * @throws {InvalidStateError} (as a rejection) If it was not started.
   * @throws {WorkerCrashedError} (as a rejection) If it died.
   * @throws {CancelledError} (as a rejection) If it was terminated, or the waiting task is cancelled,
   *   which leaves the thread alone.
   * @throws What the target threw (as a rejection).
   */
  async result(): Promise<R> {
    if (this.#future === undefined) {
      throw new InvalidStateError("Cannot read the result of a thread: it was not started");
    }
    futureInternals.markRetrieved(this.#future);
    const release = this.#host.hold();
    try {
      // Once there is a result, its thread is on its way out: nothing of it is to be left behind.
      await wait(this.#terminated ? [this.#future] : [this.#future, this.#end]);
    } finally {
      release();
    }
    return this.#future.result() as R;
  }

  /**
   * How it ended, as `multiprocessing.Process.exitcode` has it:
   *
   * | exitcode | here | in CPython |
   * | --- | --- | --- |
   * | `null` | not started, or still running | the same: `None` |
   * | 0 | the target returned, or called `self.close()` | the target returned |
   * | 1 | the target threw, or an error came up that nobody caught, in a timer or a promise, too | an exception that nobody caught |
   * | n | `Deno.exit(n)`, `process.exit(n)`; 0 without a code; modulo 256, as a process has it | `sys.exit(n)`, `os._exit(n)`; `sys.exit()` gives 0 and `sys.exit("text")` 1 |
   * | -15 | `terminate()` | `terminate()`: minus the number of SIGTERM |
   *
   * After an exit by a call or by `self.close()`, `result` rejects with `WorkerCrashedError`, since
   * there is none.
   */
  get exitcode(): number | null {
    if (this.#future === undefined || !this.#future.done()) return null;
    if (this.#terminated) return TERMINATED;
    if (!this.#future.cancelled() && !futureInternals.failed(this.#future)) return 0;
    return this.#host.exitcode ?? FAILED;
  }

  /** What `console.log` shows. */
  [inspect](): string {
    const { exitcode } = this;
    const state = this.#future === undefined ? "not started" : exitcode === null ? "running" : "";
    return `Thread ${JSON.stringify(this.name)} [${state || `ended, exit code ${exitcode}`}]`;
  }
}

let started = 0;
