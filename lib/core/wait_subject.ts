import type { Fiber } from "./fiber.ts";
import type { WaitInfo } from "./instrument.ts";

/** What a wait is for. */
export interface WaitSubject {
  /** The kind of thing: `"Lock"`, `"Queue.get"` … */
  readonly kind: string;
  /** Its name, where it has one. */
  readonly name?: string | undefined;
  /** The task that has to do something before the wait can end, where there is one. */
  readonly holder?: Fiber | undefined;
  /** Where it is for several things at once: the fibers or futures that all have to end first. */
  readonly all?: Iterable<object>;
}

/** The same in words. */
export function readSubject({ kind, name, holder }: WaitSubject): WaitInfo {
  return {
    kind,
    ...name === undefined ? {} : { name },
    ...holder === undefined ? {} : { heldBy: holder.task.name },
  };
}
