import { assert } from "@std/assert";
import type { BrokenBarrierError, Future } from "../../mod.ts";
import { type Scene, sweep } from "../support/sweep.ts";

/**
 * Sweep with one cancellation, and, if `twice`, with two. A sweep of a few scenes has tried nothing:
 * the scene is then over before it began.
 */
export function sweepTest(name: string, begin: () => Scene, twice = true): void {
  Deno.test(`sweep: ${name}`, async () => {
    const once = await sweep(begin);
    assert(once >= 15, `only ${once} scenes`);
    if (twice) assert(await sweep(begin, { twice }) > once);
  });
}

/** A task that ends, by a result or cancelled, but not by any failure but those given. */
export function endedWell(
  tasks: Iterable<Future<unknown>>,
  ...allowed: (typeof BrokenBarrierError)[]
) {
  for (const task of tasks) {
    if (task.cancelled()) continue;
    const error = task.exception();
    if (error !== undefined && !allowed.some((kind) => error instanceof kind)) throw error;
  }
}
