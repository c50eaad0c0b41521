/**
 * What a pool has to know of a way to run workers: threads of one kind or another, or processes.
 */
import type { CallTable } from "../call_table.ts";
import type { FromWorker, ToWorker } from "../protocol.ts";

/** Who hears what a worker does. */
export interface WorkerListener {
  /** It said something. */
  onMessage(message: FromWorker): void;
  /**
   * It is gone, for whatever reason: called once, after its last message, also when it never
   * started. `cause` is what the platform said: an error, or `undefined` if it said nothing.
   */
  onExit(cause: unknown): void;
}

/** One worker, as its pool sees it. */
export interface HostedWorker {
  /** The memory shared with it; `undefined` where memory is not shared. */
  readonly table: CallTable | undefined;
  /**
   * Send it a message, also before it is ready. Messages arrive in order.
   *
   * @throws If the message cannot be cloned; then nothing was sent and nothing was transferred.
   */
  post(message: ToWorker, transfer?: Transferable[]): void;
  /** Let it hold the program alive. New workers do. */
  ref(): void;
  /** Let it not hold the program alive. */
  unref(): void;
  /**
   * End it at once, whatever it does; `onExit` follows when it is really gone, which for a busy
   * thread that the runtime cannot stop may be never. Such a one must not hold the program alive.
   */
  kill(): void;
}

/** What to say of a worker that ended itself and said with which code. */
export function exitCause(table: CallTable): Error | undefined {
  const { exitcode } = table;
  return exitcode === undefined
    ? undefined
    : new Error(`The worker ended with exit code ${exitcode}`);
}

/** A way to run workers. */
export interface Host {
  /** Whether memory is shared with its workers, so that shared objects can cross. */
  readonly sharesMemory: boolean;
  /** Whether a worker that is killed goes whatever it does; else one that is busy may burn on. */
  readonly killsBusy: boolean;
  /**
   * Start a worker. It must not call the listener before it has returned.
   *
   * @throws If it cannot even try: the pool is then broken with that error as the cause.
   */
  spawn(name: string, listener: WorkerListener): HostedWorker;
}
