import type { CancelledError } from "../../errors.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import { examine, pack } from "../../wire/packing.ts";
import { type ChunkDoneMessage, ToWorkerKind } from "../protocol.ts";
import { linesOf, placeAt } from "./caller_stack.ts";
import type { MapRun } from "./worker_map.ts";
import { PoolJob } from "./pool_job.ts";
import { decode, type WorkerHandle } from "./worker_handle.ts";

/** Some items of a `map`, done by one worker at one go. */
export class Chunk extends PoolJob {
  override company = 2;
  readonly items: unknown[];
  readonly #run: MapRun;
  /** Which item of the whole is its first. */
  readonly start: number;
  /** Their results, once it is over: fewer than the items if one failed. */
  results: unknown[] | undefined = undefined;
  /** What the item after the last result failed with. */
  failure: { error: unknown; cancelled: boolean } | undefined = undefined;

  constructor(run: MapRun, start: number, items: unknown[]) {
    super(run.pool, run.fn, 0);
    this.#run = run;
    this.start = start;
    this.items = items;
  }

  override get tasks(): number {
    return this.#run.fixed ? 1 : this.items.length;
  }

  post(worker: WorkerHandle): void {
    const { items } = this;
    const transfer: Transferable[] = [];
    const special = examine(items) < 0;
    const list = special ? pack(items, transfer, this.pool.refuse) : items;
    worker.post(
      [ToWorkerKind.Chunk, this.call, this.fn.number, list, this.#run.spread],
      transfer,
    );
    this.moved = transfer.length > 0;
  }

  onDone(): void {}

  onFailed(error: unknown, cancelled: boolean): void {
    this.#over([], { error: decode(error as Parameters<typeof decode>[0]), cancelled });
  }

  override onChunkDone(results: unknown[], message: ChunkDoneMessage): void {
    const [, , , ms, error, cancelled = false] = message;
    this.#run.learnPace(ms, results.length);
    const failure = error === undefined
      ? undefined
      : { error: decode(error, linesOf(this.#run.site)), cancelled };
    this.#over(results, failure);
  }

  onLost(error: unknown): void {
    this.#over([], { error: placeAt(this.#named(error), this.#run.site), cancelled: false });
  }

  onCancelled(error: CancelledError): void {
    this.#over([], { error, cancelled: true });
  }

  /** The map does not want it any more. */
  giveUp(error: CancelledError): void {
    if (this.answered) return;
    this.answered = true;
    this.pool.jobEnded();
    this.pool.withdraw(this, error);
  }

  #over(results: unknown[], failure: Chunk["failure"]): void {
    this.answered = true;
    this.results = results;
    this.failure = failure;
    const { counts } = this.pool;
    counts.completed += results.length;
    if (failure?.cancelled) counts.cancelled++;
    else if (failure !== undefined) counts.failed++;
    this.pool.jobEnded();
    this.#run.onChunkOver(this);
  }

  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    return cloneErrorIn(this.items, (i) => `item ${this.start + i + 1}`, [], error);
  }
}
