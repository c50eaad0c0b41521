import { show } from "../base/validate.ts";
import { isProxy, kindOf, ObjectKind } from "./object_kind.ts";

/**
 * Make the error for a value that structured clone refuses: it names the place of the first thing
 * in it that cannot be cloned.
 *
 * @param what The value: "the result".
 * @param transfer What would have moved instead of being cloned.
 * @param error What the clone said.
 */
export function cloneError(
  what: string,
  value: unknown,
  transfer: readonly unknown[],
  error: unknown,
): TypeError {
  return refusal(what, findUncloneable(value, new Set(transfer)), error);
}

/** The same for a list; `name` says what to call its parts: "argument 2". */
export function cloneErrorIn(
  list: readonly unknown[],
  name: (i: number) => string,
  transfer: readonly unknown[],
  error: unknown,
): TypeError {
  const moved = new Set(transfer);
  for (const [i, value] of list.entries()) {
    const place = findUncloneable(value, moved);
    if (place !== undefined) return refusal(name(i), place, error);
  }
  return refusal(list.length === 1 ? name(0) : "the values", undefined, error);
}

function refusal(what: string, place: Place | undefined, error: unknown): TypeError {
  const thing = place === undefined
    ? "it"
    : `${place.path === "" ? "it" : place.path} is ${describe(place.value)} and`;
  return new TypeError(`Cannot send ${what}: ${thing} cannot be cloned`, { cause: error });
}

function describe(value: unknown): string {
  try {
    return show(value);
  } catch {
    return "something that cannot be read";
  }
}

interface Place {
  path: string;
  value: unknown;
}

function findUncloneable(root: unknown, moved: Set<unknown>): Place | undefined {
  const open: Place[] = [{ path: "", value: root }];
  const seen = new Set<unknown>();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, value } = next;
    if (typeof value === "function" || typeof value === "symbol") return next;
    if (typeof value !== "object" || value === null || moved.has(value) || seen.has(value)) {
      continue;
    }
    seen.add(value);
    try {
      const inner = placesIn(value, path);
      if (inner === undefined && !clones(value, moved)) return next;
      for (const place of inner?.reverse() ?? []) open.push(place);
    } catch {
      // A getter or a trap of it throws.
      return next;
    }
  }
  return undefined;
}

/** What is within it; `undefined` if it is not cloned part by part. */
function placesIn(value: object, path: string): Place[] | undefined {
  switch (kindOf(value)) {
    case ObjectKind.Shared:
    // What of it cannot cross stays behind.
    case ObjectKind.Error:
      return [];
    case ObjectKind.Map:
      return [...value as Map<unknown, unknown>].flatMap(([key, item]) => [
        { path: `a key of ${path || "the map"}`, value: key },
        { path: `${path}.get(${describe(key)})`, value: item },
      ]);
    case ObjectKind.Set:
      return Array.from(value as Set<unknown>, (item) => ({
        path: `a member of ${path || "the set"}`,
        value: item,
      }));
    case ObjectKind.Array:
      return Object.entries(value).map(([key, item]) => ({
        path: /^\d+$/.test(key) ? `${path}[${key}]` : `${path}.${key}`,
        value: item,
      }));
    case ObjectKind.Plain:
      if (isProxy(value) || Object.keys(value).length === 0) return undefined;
      return Object.entries(value).map(([key, item]) => ({ path: `${path}.${key}`, value: item }));
    default:
      return undefined;
  }
}

function clones(value: object, moved: Set<unknown>): boolean {
  if (kindOf(value) === ObjectKind.Flattened) return false;
  if (ArrayBuffer.isView(value) && moved.has(value.buffer)) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
