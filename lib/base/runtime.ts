/**
 * The one place that knows runtimes: small verbs, each of which does what the runtime has for it.
 *
 * A runtime is asked for what it can do, not for its name, except where its answer would be wrong:
 * Cloudflare has `node:worker_threads`, and no threads.
 */
import { builtin, laterGlobal } from "./builtins.ts";

/**
 * The signals to which a program can listen, by their names in POSIX.
 *
 * @example
 * ```ts
 * import { run, type Signal } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const signals: Signal[] = ["SIGTERM", "SIGHUP"];
 * assertEquals(await run(() => "done", { handleSignals: signals }), "done");
 * ```
 */
export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGBREAK" | "SIGQUIT";

type Listener = (...args: never[]) => void;

/** The parts of Node's `process` that are used here. */
interface NodeProcess {
  readonly execArgv: readonly string[];
  readonly execPath: string;
  readonly versions?: { readonly node?: string };
  readonly env?: Record<string, string | undefined>;
  exitCode?: number | string | null | undefined;
  exit(code?: number): never;
  emit(event: string, ...args: unknown[]): boolean;
  on(event: string, listener: Listener): void;
  off(event: string, listener: Listener): void;
}

/** The parts of `Deno` that are used here. */
interface DenoRuntime {
  exitCode: number;
  readonly version?: { readonly deno: string };
  readonly stdin: { close(): void };
  readonly stderr: {
    write(bytes: Uint8Array): Promise<number>;
    writeSync(bytes: Uint8Array): number;
  };
  addSignalListener(signal: Signal, listener: () => void): void;
  removeSignalListener(signal: Signal, listener: () => void): void;
  exit(code?: number): never;
  readonly permissions?: {
    querySync(what: { name: "env"; variable: string }): { readonly state: string };
  };
  readonly env?: { get(name: string): string | undefined };
  unrefTimer(timer: unknown): void;
  inspect(value: unknown, options: object): string;
  readonly internal?: symbol;
  readonly [inner: symbol]: { readonly core?: { resources?(): object } } | undefined;
}

interface Globals {
  readonly Deno?: DenoRuntime;
  readonly process?: { getActiveResourcesInfo?(): string[] };
  readonly navigator?: {
    readonly hardwareConcurrency?: number;
    readonly userAgent?: string;
    readonly locks?: LockManager;
  };
}

/** The part of the Web Locks API that is used here. */
export interface LockManager {
  request(name: string, hold: () => unknown): Promise<unknown>;
}

// A fake one gives numbers that mean nothing to the runtime.
const nativeSetTimeout = laterGlobal("setTimeout");

const globals = globalThis as unknown as Globals;

/** Whether this is Deno, whose own ways go before those that it has from Node. */
export function isDeno(): boolean {
  return globals.Deno !== undefined;
}

/** The `process` of Node and of runtimes made like it; `undefined` in Deno. */
export function nodeProcess(): NodeProcess | undefined {
  return isDeno() ? undefined : builtin<NodeProcess>("node:process");
}

/** Whether this is Node, or a runtime made like it that has its threads and processes, too. */
export function isNodeLike(): boolean {
  return nodeProcess()?.versions?.node !== undefined &&
    globals.navigator?.userAgent !== "Cloudflare-Workers";
}

/** How many threads can run side by side. */
export function processorCount(): number {
  return (globals.navigator?.hardwareConcurrency || undefined) ??
    builtin<{ availableParallelism?(): number }>("node:os")?.availableParallelism?.() ?? 1;
}

/** Whether memory can be shared between threads: a page has to be isolated from others for that. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer === "function";
}

/** The locks that the threads of this program, or the pages of this origin, share. */
export function lockManager(): LockManager | undefined {
  return globals.navigator?.locks;
}

/**
 * Call `fn` on each signal of this kind, instead of the end of the program.
 *
 * @returns What ends that. Where there are no such signals, as in a worker, nothing has begun.
 */
export function onSignal(signal: Signal, fn: () => void): () => void {
  const { Deno: deno } = globals;
  try {
    if (deno !== undefined) {
      deno.addSignalListener(signal, fn);
      return () => deno.removeSignalListener(signal, fn);
    }
    const process = nodeProcess();
    process?.on(signal, fn);
    return () => process?.off(signal, fn);
  } catch {
    // A worker, or a system that has no such signal.
    return () => {};
  }
}

/** The value of an environment variable, where it may be read without asking anybody. */
export function readEnv(name: string): string | undefined {
  const { Deno: deno } = globals;
  if (deno === undefined) return nodeProcess()?.env?.[name];
  try {
    const granted =
      deno.permissions?.querySync({ name: "env", variable: name }).state === "granted";
    return granted ? deno.env?.get(name) : undefined;
  } catch {
    return undefined;
  }
}

/** The version of Deno, where this is Deno. */
export function denoVersion(): string | undefined {
  return globals.Deno?.version?.deno;
}

/** End the program, where a program can do that. */
export function exit(code: number): void {
  if (globals.Deno !== undefined) globals.Deno.exit(code);
  nodeProcess()?.exit(code);
}

/**
 * Call `fn` when the event loop has nothing left to do, and the program is about to end. Deno and Bun
 * never come to that while the main module awaits something.
 *
 * @returns What ends that.
 */
export function onLoopEnd(fn: () => void): () => void {
  const process = nodeProcess();
  // Cloudflare of 2025 has a `process` without listeners.
  if (typeof process?.on === "function") {
    process.on("beforeExit", fn);
    return () => process.off("beforeExit", fn);
  }
  // In a page this is asked for before it is left.
  if (!isDeno() || typeof addEventListener !== "function") return () => {};
  addEventListener("beforeunload", fn);
  return () => removeEventListener("beforeunload", fn);
}

/** Let the exit code of a program that ends by itself say that something went wrong. */
export function failAtEnd(): void {
  const owner = globals.Deno ?? nodeProcess();
  if (owner !== undefined) owner.exitCode ||= 1;
}

/**
 * Whether the program has nothing open that holds it but the standard streams: no connection, file,
 * channel or timer. `undefined` where the runtime does not tell all of that. A worker of the program's
 * own and a pending read of standard input it does not tell of.
 */
export function nothingOpen(): boolean | undefined {
  const { Deno: deno, process } = globals;
  const resources = deno?.[deno.internal!]?.core?.resources?.();
  if (resources === undefined) return undefined;
  if (Object.values(resources).some((name) => !/^(std(in|out|err)|signal)$/.test(name))) {
    return false;
  }
  const timers = process?.getActiveResourcesInfo?.();
  return timers === undefined ? undefined : timers.length === 0;
}

/** Call `fn` with every error of this thread that nothing catches, instead of the thread's end. */
export function onUncaught(fn: (error: unknown) => void): void {
  const process = nodeProcess();
  if (process?.versions?.node !== undefined) {
    process.on("uncaughtException", fn);
    process.on("unhandledRejection", fn);
    return;
  }
  addEventListener("error", (event) => {
    event.preventDefault();
    fn((event as ErrorEvent).error ?? new Error((event as ErrorEvent).message));
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fn((event as PromiseRejectionEvent).reason);
  });
}

/**
 * Ask `isOurs` of every rejection that nothing handles. What is ours goes no further; all others the
 * runtime reports as it would without this.
 */
export function onUnhandledRejection(
  isOurs: (reason: unknown) => boolean,
  onHandled: (reason: unknown) => boolean,
): void {
  const process = nodeProcess();
  if (process?.versions?.node !== undefined) {
    // Not a listener: with one, Node no longer ends the program for the others.
    const { emit } = process;
    const ours = new WeakMap<WeakKey, unknown>();
    process.emit = function (this: unknown, event, first, ...rest) {
      if (event === "unhandledRejection" && isOurs(first)) {
        ours.set(rest[0] as Promise<unknown>, first);
        return true;
      }
      if (event === "rejectionHandled" && ours.has(first as Promise<unknown>)) {
        return onHandled(ours.get(first as Promise<unknown>));
      }
      return Reflect.apply(emit, this, [event, first, ...rest]);
    };
    return;
  }
  if (typeof addEventListener !== "function") return;
  addEventListener("unhandledrejection", (event) => {
    if (!isOurs((event as PromiseRejectionEvent).reason)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  addEventListener("rejectionhandled", (event) => {
    if (onHandled((event as PromiseRejectionEvent).reason)) event.stopImmediatePropagation();
  });
}

/** Call `fn` with the exit code when this thread ends itself by a call. */
export function onExit(fn: (code: number) => void): void {
  const { Deno: deno } = globals;
  if (deno === undefined) {
    nodeProcess()?.on("exit", fn);
    return;
  }
  deno.exitCode = 1;
  if (deno.exitCode === 1) {
    deno.exitCode = 0;
    addEventListener("unload", () => fn(deno.exitCode));
    return;
  }
  // Deno 2.5 keeps no exit code in a worker.
  const { process } = globalThis as unknown as { process?: { exit(code?: number): never } };
  for (const owner of [deno, process]) {
    if (owner === undefined) continue;
    owner.exit = new Proxy(owner.exit, {
      apply: (exit, self, codes: [code?: number]) => {
        fn(Number(codes[0] ?? 0));
        return Reflect.apply(exit, self, codes);
      },
    });
  }
}

/** Let a timer of `setTimeout` or `setInterval` not hold the program alive. */
export function unrefTimer(timer: unknown): void {
  if (typeof timer === "object" || setTimeout === nativeSetTimeout.read()) unrefNative(timer);
}

/** The same for one that is certainly of the runtime, and not of fake time. */
export function unrefNative(timer: unknown): void {
  if (typeof timer === "object") (timer as { unref?(): void } | null)?.unref?.();
  else globals.Deno?.unrefTimer(timer);
}

/** Let nothing in this thread read standard input, where a thread can be kept from it. */
export function closeStdin(): void {
  globals.Deno?.stdin.close();
}

/**
 * What writes all of some bytes to standard error, and comes back when that is done. It goes on to do
 * so whatever the program makes of its globals.
 */
export function stderrWriter(): (bytes: Uint8Array) => void {
  const stderr = globals.Deno?.stderr;
  const writeSync = stderr?.writeSync.bind(stderr) ?? writeByNode;
  return (bytes) => {
    for (let at = 0; at < bytes.byteLength;) at += writeSync(bytes.subarray(at));
  };
}

/**
 * Write some of the bytes to standard error, and tell how many: 0 if it takes none now. The thread
 * does not wait for it.
 *
 * @throws {Error} (as a rejection) If it is closed.
 */
export function writeStderr(bytes: Uint8Array): Promise<number> {
  const stderr = globals.Deno?.stderr;
  const written = stderr === undefined ? writeLaterByNode(bytes) : stderr.write(bytes);
  return written.catch((error) => {
    // Somebody has made the pipe one that never waits, and it is full.
    if (error.code === "EAGAIN" || error.name === "WouldBlock") return 0;
    throw error;
  });
}

interface NodeFiles {
  write(fd: number, bytes: Uint8Array, done: (error: unknown, written: number) => void): void;
}

function writeLaterByNode(bytes: Uint8Array): Promise<number> {
  const { write } = builtin<NodeFiles>("node:fs")!;
  return new Promise((resolve, reject) => {
    write(2, bytes, (error, written) => error ? reject(error) : resolve(written));
  });
}

/** Call `fn` when this program ends, be it by a call or as nothing is left to do. */
export function onEnd(fn: () => void): void {
  if (globals.Deno === undefined) nodeProcess()?.on("exit", fn);
  else addEventListener("unload", fn);
}

function writeByNode(bytes: Uint8Array): number {
  const fs = builtin<{ writeSync(fd: number, bytes: Uint8Array): number }>("node:fs");
  if (fs === undefined) return bytes.byteLength;
  try {
    return fs.writeSync(2, bytes);
  } catch (error) {
    // The pipe is full of what nobody has read so far.
    if ((error as { code?: string }).code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}

/** A class of the runtime's own name space, which is not among its globals; such as a file. */
export function runtimeClass(name: string): unknown {
  return (globals.Deno as unknown as Record<string, unknown> | undefined)?.[name];
}

/** How the runtime shows an array without its items, if it does that. */
export function showWithoutItems(array: readonly unknown[]): string | undefined {
  // Deno loads node:util when it is asked for, which takes longer than most calls.
  const inspector = globals.Deno ?? builtin<Pick<DenoRuntime, "inspect">>("node:util");
  const options = { maxArrayLength: 0, iterableLimit: 0, depth: 0, customInspect: false };
  return inspector?.inspect(array, options);
}
