import type { CancelledError } from "../../errors.ts";
import { Deque } from "../../base/deque.ts";
import { Future, futureInternals } from "../../core/future.ts";
import { cancelledError } from "../../core/cancel_scope.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/function_codec.ts";
import { examine, pack } from "../../wire/packing.ts";
import { ToWorkerKind } from "../protocol.ts";
import { type CallSite, linesOf, placeAt } from "./caller_stack.ts";
import type { Pool } from "./pool.ts";
import { PoolJob } from "./pool_job.ts";
import { decode, type WorkerHandle } from "./worker_handle.ts";

/** How many values a generator may be ahead of the loop that takes them. */
const AHEAD = 16;

/** What `stream` gives: each loop over it runs the generator anew. */
export class Stream implements AsyncIterable<unknown> {
  readonly #pool: Pool;
  readonly #fn: Described;
  readonly #args: unknown[];
  readonly #site: CallSite | undefined;

  constructor(pool: Pool, fn: Described, args: unknown[], site: CallSite | undefined) {
    this.#pool = pool;
    this.#fn = fn;
    this.#args = args;
    this.#site = site;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    let run: StreamRun | undefined;
    let left = false;
    return {
      next: async () => {
        if (left) return { done: true, value: undefined };
        if (run === undefined) {
          this.#pool.checkOpen("stream from a worker");
          run = new StreamRun(this.#pool, this.#fn, this.#args, this.#site);
          this.#pool.add(run);
        }
        return await run.take();
      },
      return: (value?: unknown) => {
        left = true;
        run?.leave();
        return Promise.resolve({ done: true, value });
      },
    };
  }
}

/** A generator under way in a worker. It has the worker for itself until it ends. */
class StreamRun extends PoolJob {
  readonly #args: unknown[];
  readonly #site: CallSite | undefined;
  readonly #values = new Deque<unknown>();
  #owed = 0;
  #end: { error?: unknown } | undefined;
  #gate: Future<void> | undefined;

  constructor(pool: Pool, fn: Described, args: unknown[], site: CallSite | undefined) {
    super(pool, fn, 0);
    this.#args = args;
    this.#site = site;
  }

  /** The next value, once it is there. */
  async take(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#values.size > 0) {
        const value = this.#values.shift();
        if (++this.#owed >= AHEAD / 2) this.#pay();
        return { done: false, value };
      }
      if (this.#end !== undefined) {
        const end = this.#end;
        this.#end = {};
        if ("error" in end) throw end.error;
        return { done: true, value: undefined };
      }
      await futureInternals.promise(this.#gate ??= this.#makeGate());
    }
  }

  /** No more values are wanted. */
  leave(): void {
    this.#giveUp(cancelledError("The loop was left"));
    this.#values.clear();
    this.#end = {};
  }

  post(worker: WorkerHandle): void {
    const transfer: Transferable[] = [];
    const special = examine(this.#args) < 0;
    const args = special ? pack(this.#args, transfer, this.pool.refuse) : this.#args;
    worker.post([ToWorkerKind.Stream, this.call, this.fn.number, args, AHEAD], transfer);
    this.moved = transfer.length > 0;
  }

  override onYielded(value: unknown): void {
    this.#values.push(value);
    this.#openGate();
  }

  onDone(): void {
    this.pool.counts.completed++;
    this.#over({});
  }

  onFailed(error: unknown, cancelled: boolean): void {
    if (cancelled) this.pool.counts.cancelled++;
    else this.pool.counts.failed++;
    const encoded = error as Parameters<typeof decode>[0];
    this.#over({ error: decode(encoded, linesOf(this.#site)) });
  }

  onLost(error: unknown): void {
    this.pool.counts.failed++;
    this.#over({ error: placeAt(this.#named(error), this.#site) });
  }

  onCancelled(error: CancelledError): void {
    this.pool.counts.cancelled++;
    this.#over({ error });
  }

  #pay(): void {
    if (this.answered) return;
    this.worker?.post([ToWorkerKind.Pull, this.call, this.#owed]);
    this.#owed = 0;
  }

  #giveUp(error: CancelledError): void {
    if (this.answered) return;
    this.pool.counts.cancelled++;
    this.#over({ error });
    this.pool.withdraw(this, error);
  }

  #over(end: { error?: unknown }): void {
    if (this.answered) return;
    this.answered = true;
    this.#end = end;
    this.pool.jobEnded();
    this.#openGate();
  }

  #makeGate(): Future<void> {
    const gate = new Future<void>();
    // A task that is cancelled while it waits for the next value does not come back for it.
    futureInternals.stopWith(gate, {
      stop: (error) => {
        this.#giveUp(error);
        this.#values.clear();
        return futureInternals.abandon(gate, error);
      },
    });
    return gate;
  }

  #openGate(): void {
    const gate = this.#gate;
    this.#gate = undefined;
    if (gate !== undefined) futureInternals.resolve(gate, undefined);
  }

  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    return cloneErrorIn(this.#args, (i) => `argument ${i + 1}`, [], error);
  }
}
