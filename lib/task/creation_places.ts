import { type Fiber, onCreation } from "../core/fiber.ts";

const places = new WeakMap<Fiber, string>();
let notesPlaces = 0;

/** Note where fibers are created, until what comes back is called: debug mode. */
export function notePlaces(): () => void {
  if (++notesPlaces === 1) onCreation(notePlace);
  return () => {
    if (--notesPlaces === 0) onCreation(undefined);
  };
}

/** A fiber is being created by the running code. */
function notePlace(fiber: Fiber): void {
  const place = callerPlace();
  if (place !== undefined) places.set(fiber, place);
}

/** Where the library is; in some bundles there is nothing that says so. */
const HERE: string | undefined = import.meta.url;

/** The first line of the stack that is not the library's. */
function callerPlace(): string | undefined {
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
