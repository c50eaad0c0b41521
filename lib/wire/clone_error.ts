import { show } from "../base/validate.ts";
import { parcel, type Shareable } from "./shareable.ts";

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
    : `${place.path === "" ? "it" : place.path} is ${show(place.value)} and`;
  return new TypeError(`Cannot send ${what}: ${thing} cannot be cloned`, { cause: error });
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
    if ((value as Partial<Shareable>)[parcel] !== undefined) continue;
    const inner: Place[] = [];
    if (Array.isArray(value)) {
      value.forEach((item, i) => inner.push({ path: `${path}[${i}]`, value: item }));
    } else if (value instanceof Map) {
      for (const [key, item] of value) {
        inner.push({ path: `a key of ${path || "the map"}`, value: key });
        inner.push({ path: `${path}.get(${show(key)})`, value: item });
      }
    } else if (value instanceof Set) {
      for (const item of value) {
        inner.push({ path: `a member of ${path || "the set"}`, value: item });
      }
    } else if (hasFields(value)) {
      for (const key of Object.keys(value)) {
        inner.push({ path: `${path}.${key}`, value: (value as Record<string, unknown>)[key] });
      }
    } else if (!clones(value, moved)) {
      return next;
    }
    open.push(...inner.reverse());
  }
  return undefined;
}

/** Whether it is an object that is cloned field by field. */
function hasFields(value: object): boolean {
  const plain = Object.prototype.toString.call(value) === "[object Object]";
  return plain && Object.keys(value).length > 0;
}

function clones(value: object, moved: Set<unknown>): boolean {
  if (ArrayBuffer.isView(value) && moved.has(value.buffer)) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
