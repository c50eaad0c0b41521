import type { CancelledError } from "../task_errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import type { RunContext } from "../core/context.ts";
import type { MapFailure, Piece } from "./map_output.ts";
import { TaskJob, type TaskRunner } from "./task_runner.ts";

/** The map that an item belongs to. */
export interface ItemOwner {
  /** The run that the map belongs to. */
  readonly runContext: RunContext;
  /** What users' own stores hold where the map was begun. */
  readonly around: ContextSnapshot;
  /** Call the function. */
  readonly call: (item: unknown) => unknown;
  /** An item is over; its result has taken the place of its value if it did not fail. */
  onItemOver(item: TaskItem, failure: MapFailure | undefined): void;
}

/** One item of a map on a `TaskPool`, run as a task of its own. */
export class TaskItem extends TaskJob implements Piece {
  readonly index: number;
  /** What the item is; once it is over, what came of it. */
  value: unknown;
  over = false;
  /** For the map: the index of the item among those in flight. */
  inFlightIndex = -1;
  failure: MapFailure | undefined = undefined;
  readonly #owner: ItemOwner;

  constructor(runner: TaskRunner, owner: ItemOwner, index: number, value: unknown) {
    super(runner, owner.runContext, owner.around);
    this.index = index;
    this.value = value;
    this.#owner = owner;
  }

  get priority(): number {
    return 0;
  }

  get size(): number {
    return this.over && this.failure === undefined ? 1 : 0;
  }

  result(): unknown {
    return this.value;
  }

  override cancelled(error: CancelledError): void {
    this.value = undefined;
    this.#owner.onItemOver(this, { error, cancelled: true });
  }

  protected override invoke(): unknown {
    return this.#owner.call(this.value);
  }

  protected override succeeded(value: unknown): void {
    this.value = value;
    this.#owner.onItemOver(this, undefined);
  }

  protected override failed(error: unknown): void {
    this.value = undefined;
    this.#owner.onItemOver(this, { error, cancelled: false });
  }
}
