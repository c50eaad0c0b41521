import { checkIteratorResult } from "../../base/check_iterator_result.ts";
import { show } from "../../base/validate.ts";
import { Future, futureInternals } from "../../core/future.ts";
import { FromWorkerKind, type List } from "../protocol.ts";
import { type Callee, type Entry, explain } from "./function_table.ts";
import { type JobHost, WorkerJob } from "./worker_job.ts";

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** A generator whose values are sent as they come, as long as there is credit. */
export class StreamJob extends WorkerJob {
  #credit: number;
  #gate: Future<void> | undefined;

  constructor(host: JobHost, call: number, entry: Entry, args: List, credit: number) {
    super(host, call, entry, args);
    this.#credit = credit;
  }

  /** Let it send more values. */
  pull(credit: number): void {
    this.#credit += credit;
    if (this.#gate !== undefined) futureInternals.resolve(this.#gate, undefined);
  }

  protected async body(callee: Callee, args: unknown[]): Promise<void> {
    const iterator = iteratorOf(await callee(...args));
    let over = false;
    try {
      for (;;) {
        while (this.#credit === 0) await (this.#gate = new Future());
        this.#gate = undefined;
        // A generator that fails or ends has run its `finally` blocks already.
        over = true;
        const { done, value } = checkIteratorResult(await iterator.next());
        if (done) return;
        over = false;
        this.#credit--;
        this.host.sendValue(this.call, await value);
      }
    } finally {
      if (!over) await iterator.return?.();
    }
  }

  protected done(): void {
    this.host.send([FromWorkerKind.Done, this.call, undefined]);
  }

  failed(error: unknown, cancelled: boolean): void {
    const encoded = this.host.encode(explain(error, this.entry.ref));
    this.host.send([FromWorkerKind.Failed, this.call, encoded, cancelled]);
  }
}

function iteratorOf(value: unknown): AnyIterator {
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = Object(value);
  const make = async ?? sync;
  if (typeof make !== "function") {
    throw new TypeError(
      `Cannot stream from a worker: fn must return something iterable, received ${show(value)}`,
    );
  }
  return make.call(value);
}
