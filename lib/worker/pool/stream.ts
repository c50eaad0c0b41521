import type { CancelledError } from "../../task_errors.ts";
import { Deque } from "../../base/deque.ts";
import { Future, futureInternals } from "../../core/future.ts";
import type { Outcome } from "../../core/instrument.ts";
import { cancelledError } from "../../core/cancellation.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/describe_function.ts";
import { survey } from "../../wire/packing.ts";
import { type List, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { type CallSite, placeAt } from "./caller_stack.ts";
import { Job, type JobOwner } from "./job.ts";

/** How many values a generator may be ahead of the loop that takes them. */
export const STREAM_AHEAD = 16;

/** What `stream` gives: each loop over it runs the generator anew. */
export class Stream implements AsyncIterable<unknown> {
  readonly #owner: JobOwner;
  readonly #fn: Described;
  readonly #args: unknown[];
  readonly #site: CallSite | undefined;

  constructor(owner: JobOwner, fn: Described, args: unknown[], site: CallSite | undefined) {
    this.#owner = owner;
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
          this.#owner.checkOpen("stream from a worker");
          run = new StreamRun(this.#owner, this.#fn, this.#args, this.#site);
          this.#owner.add(run);
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
class StreamRun extends Job {
  readonly form = "stream";
  readonly #values = new Deque<unknown>();
  #owed = 0;
  #end: { error?: unknown } | undefined;
  #gate: Future<void> | undefined;

  get special(): boolean {
    return survey(this.input) < 0;
  }

  /** The next value, once it is there. */
  async take(): Promise<IteratorResult<unknown>> {
    for (;;) {
      if (this.#values.size > 0) {
        const value = this.#values.shift();
        if (++this.#owed >= STREAM_AHEAD / 2) this.#pay();
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

  message(list: List): ToWorker {
    return [ToWorkerKind.Stream, this.call, this.fn.number, list, STREAM_AHEAD];
  }

  override onYielded(value: unknown): void {
    this.#values.push(value);
    this.#openGate();
  }

  override onDone(): void {
    this.owner.counts.completed++;
    this.#over({}, "done");
  }

  onFailed(error: unknown, cancelled: boolean): void {
    if (cancelled) this.owner.counts.cancelled++;
    else this.owner.counts.failed++;
    this.#over({ error }, cancelled ? "cancelled" : "failed");
  }

  onLost(error: unknown): void {
    this.owner.counts.failed++;
    this.#over({ error: placeAt(this.#named(error), this.site) }, "failed");
  }

  onCancelled(error: CancelledError): void {
    this.owner.counts.cancelled++;
    this.#over({ error }, "cancelled");
  }

  #pay(): void {
    if (this.answered) return;
    this.worker?.post([ToWorkerKind.Pull, this.call, this.#owed]);
    this.#owed = 0;
  }

  #giveUp(error: CancelledError): void {
    if (this.answered) return;
    this.owner.counts.cancelled++;
    this.#over({ error }, "cancelled");
    this.owner.withdraw(this, error);
  }

  #over(end: { error?: unknown }, state: Outcome["state"]): void {
    if (this.answered) return;
    this.answered = true;
    this.told?.ended({ state, ...end });
    this.#end = end;
    this.owner.jobEnded();
    this.#openGate();
  }

  #makeGate(): Future<void> {
    const gate = new Future<void>();
    // A task that is cancelled while it waits for the next value does not come back for it.
    futureInternals.stopWith(gate, {
      stop: (error) => {
        this.#giveUp(error);
        this.#values.clear();
        return futureInternals.settleCancelled(gate, error);
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
    return cloneErrorIn(this.input, (i) => `argument ${i + 1}`, [], error);
  }
}
