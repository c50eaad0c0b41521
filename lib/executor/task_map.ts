import type { CancelledError } from "../task_errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { contextSnapshot, currentRunContext, type RunContext } from "../core/context.ts";
import type { MapOptions } from "./executor.ts";
import { type MapFailure, MapOutput } from "./map_output.ts";
import { type ItemOwner, TaskItem } from "./task_item.ts";
import type { JobSource, TaskRunner } from "./task_runner.ts";

/** So many items per worker are read ahead of the reader from an input of unknown length. */
const AHEAD = 8;

/** A `map` of a `TaskPool`: each item is a task of its own. */
export class TaskMap extends MapOutput<TaskItem> implements ItemOwner, JobSource {
  readonly call: (item: unknown) => unknown;
  readonly runContext: RunContext = currentRunContext();
  readonly around: ContextSnapshot = contextSnapshot();
  readonly #runner: TaskRunner;
  // No Set: to a new object the first one costs more than all else that a short item does.
  readonly #inFlight: TaskItem[] = [];

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
    if (item.over) return;
    this.#land(item);
    item.over = true;
    item.failure = failure;
    const { counts } = this.#runner;
    if (failure === undefined) counts.completed++;
    else if (failure.cancelled) counts.cancelled++;
    else counts.failed++;
    this.ended(item);
  }

  wants(): boolean {
    if (this.over || this.inputOver || this.#inFlight.length >= this.#runner.maxWorkers) {
      return false;
    }
    return this.taken - this.handed < this.#window() && this.#runner.hasRoom();
  }

  take(value: unknown): void {
    const item = new TaskItem(this.#runner, this, this.taken++, value);
    item.inFlightIndex = this.#inFlight.push(item) - 1;
    this.begun(item);
    this.#runner.add(item);
  }

  stopRunning(error: CancelledError): void {
    for (const item of [...this.#inFlight]) item.stop(error);
  }

  protected get inFlight(): number {
    return this.#inFlight.length;
  }

  protected drop(failed: TaskItem | undefined, error: CancelledError): void {
    for (const item of [...this.#inFlight]) {
      if (failed !== undefined && this.ordered && item.index < failed.index) continue;
      this.#land(item);
      this.#runner.counts.cancelled++;
      item.over = true;
      // In a map with order it stays among the pieces, behind the failure that ends the map.
      item.failure = { error, cancelled: true };
      if (!this.#runner.withdraw(item)) item.stop(error);
    }
  }

  #land(item: TaskItem): void {
    const last = this.#inFlight.pop()!;
    if (last === item) return;
    this.#inFlight[item.inFlightIndex] = last;
    last.inFlightIndex = item.inFlightIndex;
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
