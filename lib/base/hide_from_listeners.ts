import { builtin } from "./builtins.ts";
import { nodeProcess } from "./runtime.ts";

const EVENT = "unhandledRejection";
const FLAG = "--unhandled-rejections=";

/** What a program has to do with its listeners. */
const VERBS = [
  "on",
  "addListener",
  "prependListener",
  "once",
  "prependOnceListener",
  "off",
  "removeListener",
  "removeAllListeners",
  "listeners",
  "rawListeners",
  "listenerCount",
  "emit",
] as const;

type Emitter = Record<typeof VERBS[number], (event?: string, ...rest: unknown[]) => unknown>;

/** The parts of Bun's `process` that are used here. */
interface BunProcess extends Emitter {
  readonly versions?: { readonly bun?: string };
  readonly execArgv: readonly string[];
  nextTick(fn: () => void): void;
}

let stands = false;

/**
 * Ask `isOurs` of every rejection that nothing handles, in Bun, which tells its listeners without the
 * `emit` of `process`. What is ours goes no further; all others reach the listeners of the program, and
 * where there are none Bun reports them as it would without this.
 */
export function hideFromListeners(
  isOurs: (reason: unknown) => boolean,
  onHandled: (reason: unknown) => boolean,
): void {
  const process = nodeProcess() as unknown as BunProcess | undefined;
  if (stands || process?.versions?.bun === undefined) return;
  const mode = process.execArgv.findLast((arg) => arg.startsWith(FLAG))?.slice(FLAG.length);
  // In the others Bun says something of each, whoever listens.
  if (mode !== undefined && !/^(?:bun|none|throw)$/.test(mode)) return;
  stands = true;
  const events = builtin<{ EventEmitter: new () => Emitter }>("node:events")!;
  // The program's listeners are here, and of Bun's own there is one alone.
  const program = new events.EventEmitter();
  const { on, off, listeners, nextTick } = process;
  const ours = new WeakMap<WeakKey, unknown>();
  on.call(process, "rejectionHandled", (promise: unknown) => {
    if (ours.has(promise as Promise<unknown>)) onHandled(ours.get(promise as Promise<unknown>));
  });
  const listen = () => on.call(process, EVENT, hear);
  function hear(reason: unknown, promise: unknown): void {
    if (isOurs(reason)) return void ours.set(promise as Promise<unknown>, reason);
    if (program.emit(EVENT, reason, promise) || mode === "none") return;
    if (mode === "throw") return reportError(reason);
    // At once: this may be the last turn of the program. What is ours and follows in the same turn is
    // reported with it.
    off.call(process, EVENT, hear);
    void Promise.reject(reason);
    nextTick.call(process, listen);
  }

  for (const listener of listeners.call(process, EVENT) as unknown[]) program.on(EVENT, listener);
  process.removeAllListeners(EVENT);
  listen();
  for (const verb of VERBS) {
    const native = process[verb];
    process[verb] = function (this: unknown, event, ...rest) {
      if (event !== EVENT && (event !== undefined || verb !== "removeAllListeners")) {
        return Reflect.apply(native, this, [event, ...rest]);
      }
      if (event === undefined) {
        native.call(this);
        listen();
      }
      const result = program[verb](EVENT, ...rest);
      return result === program ? this : result;
    };
  }
}
