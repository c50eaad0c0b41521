import type { Fiber } from "./fiber.ts";

const places = new WeakMap<Fiber, string>();
let notesPlaces = 0;

/** Note where fibers are created, until what comes back is called: debug mode. */
export function notePlaces(): () => void {
  notesPlaces++;
  return () => void notesPlaces--;
}

/** A fiber is being created by the running code. */
export function noteCreation(fiber: Fiber): void {
  if (notesPlaces === 0) return;
  const place = callerPlace();
  if (place !== undefined) places.set(fiber, place);
}

/** Where the library is; in some bundles there is nothing that says so. */
const HERE: string | undefined = import.meta.url;

/** The first line of the stack that is not the library's. */
export function callerPlace(): string | undefined {
  const library = HERE === undefined ? undefined : new URL("../", HERE).href;
  const lines = new Error().stack?.split("\n").slice(1) ?? [];
  const line = lines.find((one) => {
    return /:\d+:\d+\)?$/.test(one) && (library === undefined || !one.includes(library));
  });
  return line?.trim().replace(/^at /, "");
}

/** Where a fiber was created, if that was noted. */
export function placeOf(fiber: Fiber): string | undefined {
  return places.get(fiber);
}
