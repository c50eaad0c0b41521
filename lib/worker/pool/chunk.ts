import type { CancelledError } from "../../task_errors.ts";
import type { MapFailure, Piece } from "../../executor/map_output.ts";
import { cloneErrorIn } from "../../wire/clone_error.ts";
import type { Described } from "../../wire/describe_function.ts";
import { type List, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { HEAVY, weigh } from "./call.ts";
import { type CallSite, placeAt } from "./caller_stack.ts";
import { Job, type JobForm, type JobOwner } from "./job.ts";

/** What a chunk needs of the map that it belongs to. */
export interface ChunkOwner {
  readonly pool: JobOwner;
  readonly fn: Described;
  readonly site: CallSite | undefined;
  /** Whether each item is a list of arguments. */
  readonly spread: boolean;
  /** Whether the caller said how large chunks are. */
  readonly fixed: boolean;
  /** Whether each chunk is one item, which travels as a call does. */
  readonly single: boolean;
  /** So many items took so many milliseconds. */
  learnPace(ms: number, items: number): void;
  /** A chunk is over, one way or the other. */
  onChunkOver(chunk: Chunk): void;
}

/**
 * Some items of a `map`, done by one worker at one go.
 *
 * One of a single item may travel as a call does: with others in one message, and its result through
 * the call table.
 */
export class Chunk extends Job implements Piece {
  readonly form: JobForm;
  readonly special: boolean;
  /** Roughly how many bytes its items take. */
  readonly bytes: number;
  readonly #map: ChunkOwner;
  /** Which item of the whole is its first. */
  readonly start: number;
  /** Their results, once it is over: fewer than the items if one failed. */
  results: unknown[] | undefined = undefined;
  /** What the item after the last result failed with. */
  failure: MapFailure | undefined = undefined;

  constructor(map: ChunkOwner, start: number, items: unknown[]) {
    const [first] = items;
    const single = map.single && (!map.spread || Array.isArray(first));
    super(map.pool, map.fn, single && map.spread ? first as unknown[] : items, map.site);
    this.#map = map;
    this.start = start;
    const weight = weigh(items);
    this.special = weight < 0;
    this.form = single ? "call" : map.spread ? "starmap" : "map";
    this.maxBatch = !single || weight > HEAVY ? 2 : this.special ? 1 : Infinity;
    this.bytes = bytesOf(weight, items.length);
  }

  override get whole(): object {
    return this.#map;
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
    return this.#map.fixed ? 1 : this.input.length;
  }

  message(list: List): ToWorker {
    if (this.form === "call") return [ToWorkerKind.Calls, this.call, this.fn.number, list];
    return [ToWorkerKind.Chunk, this.call, this.fn.number, list, this.#map.spread];
  }

  onFailed(error: unknown, cancelled: boolean): void {
    this.#over([], { error, cancelled });
  }

  override onDone(value: unknown): void {
    this.#over([value], undefined);
  }

  override onChunkDone(results: unknown[], ms: number, failure: MapFailure | undefined): void {
    this.#map.learnPace(ms, results.length);
    this.#over(results, failure);
  }

  onLost(error: unknown): void {
    this.#over([], { error: placeAt(this.#named(error), this.site), cancelled: false });
  }

  onCancelled(error: CancelledError): void {
    this.#over([], { error, cancelled: true });
  }

  /** The map does not want it any more. */
  giveUp(error: CancelledError): void {
    if (this.answered) return;
    this.answered = true;
    this.told?.ended({ state: "cancelled", error });
    this.owner.jobEnded();
    this.owner.withdraw(this, error);
  }

  #over(results: unknown[], failure: MapFailure | undefined): void {
    this.answered = true;
    this.results = results;
    this.failure = failure;
    const { counts } = this.owner;
    counts.completed += results.length;
    if (failure?.cancelled) counts.cancelled++;
    else if (failure !== undefined) counts.failed++;
    if (failure === undefined) this.told?.ended({ state: "done" });
    else {this.told?.ended({
        state: failure.cancelled ? "cancelled" : "failed",
        error: failure.error,
      });}
    this.owner.jobEnded();
    this.#map.onChunkOver(this);
  }

  #named(error: unknown): unknown {
    if ((error as Error | undefined)?.name !== "DataCloneError") return error;
    // Of a call the list of its arguments is the item, if the items are lists.
    const items = this.form === "call" && this.#map.spread ? [this.input] : this.input;
    return cloneErrorIn(items, (i) => `item ${this.start + i + 1}`, [], error);
  }
}

/** What `survey` counts as one: a plain value, or so many bytes. */
const WEIGHT_BYTES = 32;

/** For items of which it cannot be said how many bytes they take. */
const UNKNOWN_BYTES = 1024;

/** Roughly how many bytes so many values take whose weight is this. */
export function bytesOf(weight: number, values: number): number {
  return weight < 0 ? values * UNKNOWN_BYTES : weight * WEIGHT_BYTES;
}
