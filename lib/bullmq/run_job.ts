import { cancelRequested } from "../task/cancel_requested.ts";
import type { CancelledError } from "../task_errors.ts";
import { Future, futureInternals } from "../core/future.ts";
import { type EncodedError, refuseShared, unpack } from "../wire/packing.ts";
import { remote } from "../wire/remote.ts";
import { type FromWorker, FromWorkerKind, type List } from "../worker/protocol.ts";
import { encodeThrown, sendValue } from "../worker/runtime/send_value.ts";
import { ChunkJob } from "../worker/runtime/chunk_job.ts";
import { CallJob, type JobHost, refuseGenerator } from "../worker/runtime/worker_job.ts";
import { DONE, FAILED, type JobData, type OutcomeText } from "./job_data.ts";
import { decodePayload, encodePayload } from "./payload.ts";

/** Jobs of a queue have no numbers. */
const CALL = 0;

/**
 * Runs a job of the queue, in a worker of the pool: what the queue carries is decoded and encoded
 * here alone, and never on the thread that renews the locks.
 */
export const runJob: (
  module: string,
  name: string,
  form: JobData[2],
  input: string,
) => Promise<OutcomeText> = remote(import.meta, async function runJob(
  module: string,
  name: string,
  form: JobData[2],
  input: string,
): Promise<OutcomeText> {
  const host = new QueuedJobHost();
  const { over } = host;
  let list: List;
  try {
    list = listOf(decodePayload(input));
  } catch (error) {
    return encodeFailure(error);
  }
  const entry = { ref: { module, name }, callee: undefined };
  const job = form === "call"
    ? new CallJob(host, CALL, entry, list)
    : new ChunkJob(host, CALL, entry, list, form === "starmap");
  // Cancelling the call of this function cancels the task of the job, as if it awaited that.
  futureInternals.stopWith(over, {
    stop: (error: CancelledError) => {
      job.cancel(error);
      return true;
    },
  });
  job.start();
  return await over;
});

/** The outcome of a job that failed with an error. */
export function encodeFailure(error: unknown, cancelled = false): OutcomeText {
  return textOf([FromWorkerKind.Failed, CALL, encodeThrown(error), cancelled], error);
}

/** What a job of the worker's half has around it, if it came from the queue. */
class QueuedJobHost implements JobHost {
  readonly refuse = refuseShared;
  /** Resolves with the outcome. */
  readonly over: Future<OutcomeText> = new Future();
  #outcome: OutcomeText = "";
  #failure: unknown = undefined;

  stopped(): boolean {
    return cancelRequested();
  }

  ended(): void {}

  next(): void {
    futureInternals.resolve(this.over, this.#outcome);
  }

  loadSharedTypes(): Promise<void> {
    return Promise.resolve();
  }

  encode(error: unknown): EncodedError {
    this.#failure = error;
    return encodeThrown(error);
  }

  send(message: FromWorker, transfer?: Transferable[]): void {
    this.#outcome = textOf(message, this.#failure, transfer);
  }

  sendResult(call: number, value: unknown): void {
    try {
      if (typeof value === "object" && value !== null) refuseGenerator(value);
      sendValue(this, FromWorkerKind.Done, call, value);
    } catch (error) {
      this.send([FromWorkerKind.Failed, call, this.encode(error), false]);
    }
  }

  sendValue(): void {
    throw new TypeError("Cannot stream values through a queue");
  }
}

function textOf(message: FromWorker, error: unknown, transfer?: Transferable[]): OutcomeText {
  // `undefined` at the end is as good as nothing there, and JSON has none.
  const trimmed = Array.isArray(message) && message.at(-1) === undefined
    ? message.slice(0, -1)
    : message;
  const payload = encodePayload(trimmed, transfer);
  const failed = Array.isArray(message) && (message[0] === FromWorkerKind.Failed ||
    (message[0] === FromWorkerKind.ChunkDone && message[4] !== undefined));
  return failed ? `${FAILED}${inWords(error)}\n${payload}` : `${DONE}${payload}`;
}

/** One line, for those who look at the queue. */
function inWords(error: unknown): string {
  try {
    const { name, message } = error as Error;
    return `${name}: ${message}`.replaceAll(/\s+/g, " ").slice(0, 500);
  } catch {
    return "An error that cannot be read";
  }
}

function listOf(value: unknown): List {
  const list = Array.isArray(value) ? value : unpack(value as never);
  if (Array.isArray(list)) return list;
  throw new TypeError("Cannot run a job whose input is no list");
}
