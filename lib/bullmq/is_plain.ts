import { extraKeys } from "../wire/object_kind.ts";

/** What is deeper goes another way. */
const DEEP = 8;

/**
 * Whether JSON gives back a value that is the very same: numbers that are finite and not -0, texts,
 * booleans, `null`, and lists and plain objects of these, each of which stands in one place only.
 */
export function isPlain(value: unknown): boolean {
  return isPlainIn(value, new Set(), 0);
}

function isPlainIn(value: unknown, seen: Set<object>, depth: number): boolean {
  switch (typeof value) {
    case "string":
    case "boolean":
      return true;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0);
    case "object":
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth > DEEP || seen.has(value)) return false;
  seen.add(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) return isPlainList(value, seen, depth);
  return prototype === Object.prototype && isPlainRecord(value, seen, depth);
}

function isPlainList(list: unknown[], seen: Set<object>, depth: number): boolean {
  // A hole reads as `undefined`, which is not plain.
  for (let i = 0; i < list.length; i++) if (!isPlainIn(list[i], seen, depth + 1)) return false;
  return extraKeys(list).length === 0;
}

function isPlainRecord(record: object, seen: Set<object>, depth: number): boolean {
  for (const key of Object.keys(record)) {
    const { value, get } = Object.getOwnPropertyDescriptor(record, key)!;
    if (get !== undefined || !isPlainIn(value, seen, depth + 1)) return false;
  }
  return true;
}
