import { isThenable } from "../../base/is_thenable.ts";
import { CancelledError } from "../../task_errors.ts";
import { now } from "../../base/clock.ts";
import { cloneError } from "../../wire/clone_error.ts";
import { type EncodedError, pack, survey } from "../../wire/packing.ts";
import { Transferred } from "../../wire/transfer.ts";
import { FromWorkerKind, type List } from "../protocol.ts";
import { type Callee, type Entry, explain } from "./function_table.ts";
import { type JobHost, refuseGenerator, WorkerJob } from "./worker_job.ts";
import { snapshot } from "./snapshot.ts";

/** A function over several items, one after another. */
export class ChunkJob extends WorkerJob {
  readonly #spread: boolean;
  readonly #results: unknown[] = [];
  readonly #transfer: Transferable[] = [];
  readonly #since = now();
  #worth = false;

  constructor(host: JobHost, call: number, entry: Entry, items: List, spread: boolean) {
    super(host, call, entry, items);
    this.#spread = spread;
  }

  protected body(callee: Callee, items: unknown[]): unknown {
    return this.#runFrom(0, callee, items);
  }

  protected done(): void {
    this.#send();
  }

  failed(error: unknown, cancelled: boolean): void {
    this.#send({ error: explain(error, this.entry.ref) }, cancelled);
  }

  // Not async: items that do not wait are to cost as little as a loop.
  #runFrom(start: number, callee: Callee, items: unknown[]): Promise<void> | undefined {
    const { host, call } = this;
    for (let i = start; i < items.length; i++) {
      if (host.stopped(call)) throw new CancelledError("The task was cancelled");
      const item = items[i];
      const value = this.#spread ? callee(...(item as unknown[])) : callee(item);
      if (isThenable(value)) return this.#runOn(value, i, callee, items);
      this.#keep(value);
    }
    return undefined;
  }

  async #runOn(
    value: PromiseLike<unknown>,
    start: number,
    callee: Callee,
    items: unknown[],
  ): Promise<void> {
    this.#keep(await value);
    for (let i = start + 1; i < items.length; i++) {
      if (this.host.stopped(this.call)) throw new CancelledError("The task was cancelled");
      const item = items[i];
      this.#keep(await (this.#spread ? callee(...(item as unknown[])) : callee(item)));
    }
  }

  #keep(value: unknown): void {
    if (typeof value === "object" && value !== null) {
      refuseGenerator(value);
      this.#worth = true;
      if (value instanceof Transferred) {
        this.#transfer.push(...value.list);
        this.#results.push(value.value);
        return;
      }
      value = snapshot(value);
    }
    this.#results.push(value);
  }

  #send(failed?: { error: unknown }, cancelled = false): void {
    const results = this.#results;
    const failure = failed && this.host.encode(failed.error);
    try {
      this.#post(results, failure, cancelled);
    } catch (cause) {
      const at = results.findIndex((value) => !this.#crosses(value));
      const fault = this.host.encode(
        cloneError("the result", at < 0 ? results : results[at], this.#transfer, cause),
      );
      this.#post(results.slice(0, Math.max(at, 0)), fault, false);
    }
  }

  #post(
    results: unknown[],
    failure: EncodedError | undefined,
    cancelled: boolean,
  ) {
    const transfer = this.#transfer;
    const special = this.#worth && survey(results) < 0;
    const list = special ? pack(results, transfer, this.host.refuse) : results;
    const ms = now() - this.#since;
    if (failure === undefined) {
      this.host.send([FromWorkerKind.ChunkDone, this.call, list, ms], transfer);
    } else {
      this.host.send([FromWorkerKind.ChunkDone, this.call, list, ms, failure, cancelled], transfer);
    }
  }

  #crosses(value: unknown): boolean {
    try {
      const list = [value];
      structuredClone(survey(list) < 0 ? pack(list, [], this.host.refuse) : list, {
        transfer: [],
      });
      return true;
    } catch {
      return false;
    }
  }
}
