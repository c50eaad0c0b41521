import type { CancelledError } from "../../task_errors.ts";
import type { MapOptions } from "../../executor/executor.ts";
import { MapOutput } from "../../executor/map_output.ts";
import type { Described } from "../../wire/describe_function.ts";
import type { CallSite } from "./caller_stack.ts";
import { weigh } from "./call.ts";
import { bytesOf, Chunk, type ChunkOwner } from "./chunk.ts";
import type { JobOwner } from "./job.ts";

const LARGEST_CHUNK = 4096;
/** How much larger a chunk may be than the one before. */
const GROWTH = 8;
/** How many chunks per worker may be in flight … */
const IN_FLIGHT = 2;
/** … and how many may be there whose results nobody has taken … */
const KEPT = 8;
/** … but no more items per worker than this, or than were taken already … */
const FIRST_KEPT = 16;
/** … and no more bytes of items and results than this, together. */
const MOST_BYTES = 64 * 2 ** 20;
/** No chunk is made of more bytes of items than this, if it has more than one. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** How a map treats its items and results. */
export interface MapKind {
  /** Whether the results come in the order of the items. */
  readonly ordered: boolean;
  /** Whether each item is a list of arguments. */
  readonly spread: boolean;
}

/** A `map` over workers: its items go out in chunks, as far as workers and readers need them. */
export class WorkerMap extends MapOutput<Chunk> implements ChunkOwner {
  readonly pool: JobOwner;
  readonly fn: Described;
  readonly spread: boolean;
  readonly site: CallSite | undefined;
  readonly fixed: boolean;
  readonly single: boolean;
  readonly #inFlight = new Set<Chunk>();
  #pending: unknown[] = [];
  /** About how many bytes these take, where there is a limit. */
  #pendingBytes = 0;
  #size: number;
  /** How many single items a worker has in hand of late. */
  #ahead = 1;
  #perItem = 0;
  /** About how many bytes an item takes, and its result, of late. */
  #itemBytes = 0;
  #resultBytes = 0;
  #reading = false;

  constructor(
    pool: JobOwner,
    fn: Described,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    kind: MapKind,
    options: MapOptions,
    site: CallSite | undefined,
  ) {
    super(items, kind.ordered, options);
    this.pool = pool;
    this.fn = fn;
    this.spread = kind.spread;
    this.site = site;
    this.fixed = options.chunksize !== undefined;
    this.single = options.chunksize === 1 && pool.ahead !== undefined;
    this.#size = options.chunksize ?? 1;
    pool.enter(this);
    this.start();
  }

  learnPace(ms: number, items: number): void {
    if (items === 0) return;
    const perItem = ms / items;
    this.#perItem = this.#perItem === 0 ? perItem : this.#perItem * 0.5 + perItem * 0.5;
    if (this.fixed) return;
    const wanted = Math.min(
      this.pool.settings.chunkMs / Math.max(this.#perItem, 1e-6),
      items * GROWTH,
    );
    this.#size = Math.min(Math.max(Math.floor(wanted), 1), LARGEST_CHUNK);
  }

  onChunkOver(chunk: Chunk): void {
    if (!this.#inFlight.delete(chunk)) return;
    if (this.single) this.#ahead = this.pool.ahead!;
    if (!this.collecting) this.#learnSize(chunk.results!);
    this.ended(chunk);
  }

  wants(): boolean {
    const workers = this.pool.settings.maxWorkers;
    if (this.over || this.inputOver || this.#inFlight.size >= this.#mostInFlight()) return false;
    if (this.taken - this.handed >= this.#window() || this.pool.room <= 0) return false;
    return this.collecting || this.kept < KEPT * workers;
  }

  take(item: unknown): void {
    const { chunkBytes } = this.pool.settings;
    if (chunkBytes !== undefined && !this.fixed) {
      const bytes = bytesOf(weigh([item]), 1);
      if (this.#pendingBytes + bytes > chunkBytes) this.flush();
      this.#pendingBytes += bytes;
    }
    this.taken++;
    this.#pending.push(item);
    const full = this.#pending.length >= this.#nextSize();
    // Outside `read` the items come one by one, as they are there: nobody knows when the next will.
    if (full || (!this.#reading && this.#inFlight.size < this.pool.settings.maxWorkers)) {
      this.flush();
    }
  }

  protected get inFlight(): number {
    return this.#inFlight.size;
  }

  protected override read(): void {
    if (this.#reading || this.over) return;
    this.#reading = true;
    super.read();
    if (!this.inputOver) this.flush();
    this.#reading = false;
  }

  protected override flush(): void {
    if (this.#pending.length === 0) return;
    const items = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    const chunk = new Chunk(this, this.taken - items.length, items);
    this.#itemBytes = mean(this.#itemBytes, chunk.bytes / items.length);
    this.#inFlight.add(chunk);
    this.begun(chunk);
    this.pool.add(chunk);
  }

  override onCancelled(error: CancelledError): void {
    super.onCancelled(error);
    this.#pending = [];
  }

  protected drop(failed: Chunk | undefined, error: CancelledError): void {
    this.#pending = [];
    for (const chunk of [...this.#inFlight]) {
      if (failed !== undefined && this.ordered && chunk.start < failed.start) continue;
      this.#inFlight.delete(chunk);
      chunk.giveUp(error);
    }
  }

  protected leavePool(): void {
    this.pool.leave(this);
  }

  /** As many as workers can use: single items that take no time and no room go by the hundred. */
  #mostInFlight(): number {
    const light = Math.floor(CHUNK_BYTES / Math.max(this.#itemBytes, 1));
    const each = Math.max(Math.min(IN_FLIGHT * this.#ahead, light), IN_FLIGHT);
    return each * this.pool.settings.maxWorkers;
  }

  /** How many items may have been taken and their results not been handed out. */
  #window(): number {
    const { buffersize } = this.options;
    if (buffersize !== undefined) return buffersize;
    if (this.collecting) return Infinity;
    const most = Math.floor(MOST_BYTES / Math.max(this.#itemBytes + this.#resultBytes, 1));
    const window = Math.max(FIRST_KEPT * this.pool.settings.maxWorkers, this.handed);
    return Math.max(Math.min(window, most), this.pool.settings.maxWorkers);
  }

  /** Learn from two of them how large results are: to look through all costs as much as a copy. */
  #learnSize(results: unknown[]): void {
    if (results.length === 0) return;
    const two = [results[0], results.at(-1)];
    this.#resultBytes = mean(this.#resultBytes, bytesOf(weigh(two), 2) / 2);
  }

  #nextSize(): number {
    if (this.fixed) return this.#size;
    const { maxWorkers, maxTasksPerWorker } = this.pool.settings;
    const parts = IN_FLIGHT * maxWorkers;
    let size = Math.min(this.#size, maxTasksPerWorker, Math.floor(this.#window() / parts));
    // Towards the end chunks get smaller, so that all workers end together.
    const { total } = this;
    if (total !== undefined) {
      size = Math.min(size, Math.ceil((total - this.taken + this.#pending.length) / parts));
    }
    size = Math.min(size, Math.floor(CHUNK_BYTES / Math.max(this.#itemBytes, 1)));
    return Math.max(size, 1);
  }
}

/** The mean of what was known and what is new; what is larger counts at once. */
function mean(known: number, fresh: number): number {
  return Math.max(fresh, known * 0.5 + fresh * 0.5);
}
