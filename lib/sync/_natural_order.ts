import { show } from "../base/validate.ts";

/**
 * Compare as numbers, strings and dates compare, and arrays part by part: the first parts that
 * differ decide, and a beginning comes before the whole.
 *
 * @throws {TypeError} If the two can not be compared.
 */
export function naturalOrder(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) {
    const length = Math.min(a.length, b.length);
    for (let i = 0; i < length; i++) {
      const order = naturalOrder(a[i], b[i]);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  const kind = kindOf(a);
  if (kind === undefined || kind !== kindOf(b)) throw incomparable(a, b);
  return a as number < (b as number) ? -1 : a as number > (b as number) ? 1 : 0;
}

/** Refuse what can be compared with nothing, also when there is nothing to compare it with yet. */
export function checkComparable(item: unknown): void {
  if (Array.isArray(item)) {
    if (item.length > 0) checkComparable(item[0]);
  } else if (kindOf(item) === undefined) {
    throw new TypeError(
      `Cannot put an item into a priority queue: it can not be compared, received ${show(item)}`,
    );
  }
}

function kindOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "number":
      return value === value ? "number" : undefined;
    case "bigint":
      return "number";
    case "string":
    case "boolean":
      return typeof value;
  }
  return value instanceof Date && value.getTime() === value.getTime() ? "date" : undefined;
}

function incomparable(a: unknown, b: unknown): TypeError {
  return new TypeError(`Cannot compare items of a priority queue: ${show(a)} with ${show(b)}`);
}
