import type { CancelledError } from "../errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import type { RunContext } from "../core/context.ts";
import { TaskJob, type TaskRunner } from "./task_runner.ts";

/** What an item, or the whole of a map, failed with. */
export interface MapFailure {
  error: unknown;
  cancelled: boolean;
}

/** The map that an item belongs to. */
export interface MapItems {
  /** The run that the map belongs to. */
  readonly runContext: RunContext;
  /** What users' own stores hold where the map was begun. */
  readonly around: ContextSnapshot;
  /** Call the function. */
  readonly call: (item: unknown) => unknown;
  /** An item is over; its result has taken the place of its value if it did not fail. */
  onItemOver(item: TaskItem, failure: MapFailure | undefined): void;
}

/** One item of a map. */
export class TaskItem extends TaskJob {
  readonly index: number;
  /** What it is; once it is over, what came of it. */
  value: unknown;
  over = false;
  failure: MapFailure | undefined = undefined;
  readonly #map: MapItems;

  constructor(runner: TaskRunner, map: MapItems, index: number, value: unknown) {
    super(runner, 0, map.runContext, map.around);
    this.index = index;
    this.value = value;
    this.#map = map;
  }

  override cancelled(error: CancelledError): void {
    this.value = undefined;
    this.#map.onItemOver(this, { error, cancelled: true });
  }

  protected override call(): unknown {
    return this.#map.call(this.value);
  }

  protected override succeeded(value: unknown): void {
    this.value = value;
    this.#map.onItemOver(this, undefined);
  }

  protected override failed(error: unknown): void {
    this.value = undefined;
    this.#map.onItemOver(this, { error, cancelled: false });
  }
}
