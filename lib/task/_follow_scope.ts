import { CancelledError } from "../task_errors.ts";
import { isInstance } from "../base/instance.ts";
import type { TracedScope } from "../core/instrument.ts";

/** Tell instruments how a limit or a group ends, whose outcome comes with `ending`. */
export async function followScope<T>(traced: TracedScope, ending: Promise<T>): Promise<T> {
  try {
    const value = await ending;
    traced.end({ state: "done" });
    return value;
  } catch (error) {
    traced.end({ state: isInstance(error, CancelledError) ? "cancelled" : "failed", error });
    throw error;
  }
}
