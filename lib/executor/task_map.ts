import type { CancelledError } from "../errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { contextSnapshot, currentRunContext, type RunContext } from "../core/context.ts";
import type { MapOptions } from "./executor.ts";
import { type MapFailure, MapOutput } from "./map_output.ts";
import { type ItemOwner, TaskItem } from "./task_item.ts";
import type { TaskRunner } from "./task_runner.ts";

/** So many items per worker are read ahead of the reader from an input of unknown length. */
const AHEAD = 8;

/** A `map` of a `TaskPool`: each item is a task of its own. */
export class TaskMap extends MapOutput<TaskItem> implements ItemOwner {
  readonly call: (item: unknown) => unknown;
  readonly runContext: RunContext = currentRunContext();
  readonly around: ContextSnapshot = contextSnapshot();
  readonly #runner: TaskRunner;
  readonly #inFlight = new Set<TaskItem>();

  constructor(
    runner: TaskRunner,
    call: (item: unknown) => unknown,
    items: Iterable<unknown> | AsyncIterable<unknown>,
    ordered: boolean,
    options: MapOptions,
  ) {
    super(items, ordered, options);
    this.call = call;
    this.#runner = runner;
    runner.enter(this);
    this.start();
  }

  onItemOver(item: TaskItem, failure: MapFailure | undefined): void {
    // An item that the map has dropped still ends; nobody asks for it.
    if (!this.#inFlight.delete(item)) return;
    item.over = true;
    item.failure = failure;
    const { counts } = this.#runner;
    if (failure === undefined) counts.completed++;
    else if (failure.cancelled) counts.cancelled++;
    else counts.failed++;
    this.ended(item);
  }

  wants(): boolean {
    if (this.over || this.inputOver || this.#inFlight.size >= this.#runner.maxWorkers) return false;
    return this.taken - this.handed < this.#window() && this.#runner.hasRoom();
  }

  take(value: unknown): void {
    const item = new TaskItem(this.#runner, this, this.taken++, value);
    this.#inFlight.add(item);
    this.begun(item);
    this.#runner.add(item);
  }

  protected get inFlight(): number {
    return this.#inFlight.size;
  }

  protected drop(failed: TaskItem | undefined, error: CancelledError): void {
    for (const item of [...this.#inFlight]) {
      if (failed !== undefined && this.ordered && item.index < failed.index) continue;
      this.#inFlight.delete(item);
      this.#runner.counts.cancelled++;
      item.over = true;
      // In a map with order it stays among the pieces, behind the failure that ends the map.
      item.failure = { error, cancelled: true };
      if (!this.#runner.withdraw(item)) item.ask(error);
    }
  }

  /** How many items may have been read whose results nobody has taken. */
  #window(): number {
    const { buffersize } = this.options;
    if (buffersize !== undefined) return buffersize;
    return this.collecting || this.total !== undefined ? Infinity : AHEAD * this.#runner.maxWorkers;
  }

  protected leavePool(): void {
    this.#runner.leave(this);
  }
}
