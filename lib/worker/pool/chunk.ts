import type { CancelledError } from "../../errors.ts";
import type { MapFailure, Piece } from "../../executor/map_output.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/function_codec.ts";
import { examine, pack } from "../../wire/packing.ts";
import { type ChunkDoneMessage, ToWorkerKind } from "../protocol.ts";
import { type CallSite, linesOf, placeAt } from "./caller_stack.ts";
import type { Pool } from "./pool.ts";
import { PoolJob } from "./pool_job.ts";
import { decode, type WorkerHandle } from "./worker_handle.ts";

/** The map that a chunk belongs to. */
export interface ChunkOwner {
  readonly pool: Pool;
  readonly fn: Described;
  /** Whether each item is a list of arguments. */
  readonly spread: boolean;
  readonly site: CallSite | undefined;
  /** Whether the caller said how large chunks are. */
  readonly fixed: boolean;
  /** So many items took so long: the next chunk is to take the time that chunks ought to. */
  learnPace(ms: number, items: number): void;
  /** A chunk has ended, one way or another. */
  onChunkOver(chunk: Chunk): void;
}

/** Some items of a `map`, done by one worker at one go. */
export class Chunk extends PoolJob implements Piece {
  override company = 2;
  readonly items: unknown[];
  readonly #owner: ChunkOwner;
  /** Which item of the whole is its first. */
  readonly start: number;
  /** Their results, once it is over: fewer than the items if one failed. */
  results: unknown[] | undefined = undefined;
  /** What the item after the last result failed with. */
  failure: MapFailure | undefined = undefined;

  constructor(owner: ChunkOwner, start: number, items: unknown[]) {
    super(owner.pool, owner.fn, 0);
    this.#owner = owner;
    this.start = start;
    this.items = items;
  }

  get over(): boolean {
    return this.results !== undefined;
  }

  get size(): number {
    return this.results?.length ?? 0;
  }

  result(at: number): unknown {
    return this.results![at];
  }

  override get tasks(): number {
    return this.#owner.fixed ? 1 : this.items.length;
  }

  post(worker: WorkerHandle): void {
    const { items } = this;
    const transfer: Transferable[] = [];
    const special = examine(items) < 0;
    const list = special ? pack(items, transfer, this.pool.refuse) : items;
    worker.post(
      [ToWorkerKind.Chunk, this.call, this.fn.number, list, this.#owner.spread],
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
    this.#owner.learnPace(ms, results.length);
    const failure = error === undefined
      ? undefined
      : { error: decode(error, linesOf(this.#owner.site)), cancelled };
    this.#over(results, failure);
  }

  onLost(error: unknown): void {
    this.#over([], { error: placeAt(this.#named(error), this.#owner.site), cancelled: false });
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
    this.#owner.onChunkOver(this);
  }

  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    return cloneErrorIn(this.items, (i) => `item ${this.start + i + 1}`, [], error);
  }
}
