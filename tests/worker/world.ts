/**
 * For functions that run in workers of this very thread, and so can be watched: they travel as
 * source, and find what the test and they share as the global `world`.
 *
 * @module
 */
import { Future, sleep } from "../../mod.ts";

export interface World {
  /** What they did, in order. */
  log: unknown[];
  /** Where they wait, by a name. */
  gates: Map<unknown, Future<unknown>>;
  future: typeof Future;
  sleep: typeof sleep;
}

/** Makes a new world for one test. */
export function makeWorld(): World {
  const made: World = { log: [], gates: new Map(), future: Future, sleep };
  (globalThis as unknown as { world: World }).world = made;
  return made;
}

/** Lets messages come and go until nothing happens any more. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 8; i++) await sleep(0);
}

/** The numbers from 0 to n - 1. */
export function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
