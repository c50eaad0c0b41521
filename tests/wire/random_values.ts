/**
 * Values of every kind that structured clone takes, at random, and a description by which two of them
 * are told apart: what the parts are, in which order, which of them are the same, and where there is
 * nothing.
 */

/** A source of numbers at random that gives the same ones for the same seed. */
export function randomSource(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x6d2b79f5 | 0;
    const mixed = Math.imul(state ^ state >>> 12, 0x297a2d39);
    return ((mixed ^ mixed >>> 15) >>> 0) % below;
  };
}

class Point {
  x = 1;
  constructor(readonly y: unknown) {}
  get [Symbol.toStringTag](): string {
    return "Map";
  }
}

class Fancy extends Map<unknown, unknown> {
  extra = 1;
}

const realm = foreignRealm();

/** Other realms' classes, where the runtime has such realms. */
function foreignRealm(): ((source: string) => unknown) | undefined {
  const process = (globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
  }).process;
  const vm = process?.getBuiltinModule?.("node:vm") as
    | { runInNewContext(source: string): unknown }
    | undefined;
  try {
    vm?.runInNewContext("1");
  } catch {
    return undefined;
  }
  return vm && ((source) => vm.runInNewContext(source));
}

const FOREIGN = [
  "({ a: [1, new Map([[1, 2]])] })",
  "new Map([[{ k: 1 }, [2]]])",
  "new Set([1, [2]])",
  "[1, , 3]",
  "new Uint8Array([1, 2, 3]).buffer",
  "new Uint16Array([1, 2, 3])",
  "new Date(5)",
  "/x/gi",
  "Object('text')",
  "new (class A { f = [1] })()",
];

/** Make one value. */
export function randomValue(random: (below: number) => number, depth = 3): unknown {
  const made: unknown[] = [];
  const value = (left: number): unknown => {
    if (made.length > 0 && random(8) === 0) return made[random(made.length)];
    const found = left === 0 ? leaf() : container(left);
    made.push(found);
    return found;
  };
  const leaf = (): unknown => {
    switch (random(16)) {
      case 0:
        return random(1000) - 500;
      case 1:
        return [-0, NaN, Infinity, 1.5][random(4)];
      case 2:
        return ["", "text", "\ud800", "ä".repeat(40)][random(4)];
      case 3:
        return [true, false, null, undefined][random(4)];
      case 4:
        return BigInt(random(1000)) << 70n;
      case 5:
        return new Date(random(1000));
      case 6:
        return [/a/g, new RegExp("b", "iu")][random(2)];
      case 7:
        return Object([1, "text", true, 5n][random(4)]);
      case 8:
        return new Uint8Array([1, 2, 3, random(256)]).buffer;
      case 9:
        return new Uint16Array(new Uint8Array(16).fill(random(256)).buffer, 2, 3);
      case 10:
        return new DataView(new ArrayBuffer(9), 1, 4);
      case 11:
        return resizable();
      case 12:
        return "xaby".match(/(?<named>a)(b)?/);
      case 13:
        if (realm !== undefined) return realm(FOREIGN[random(FOREIGN.length)]!);
        return {};
      case 14:
        return [[], {}, new Map(), new Set(), new Array(3)][random(5)];
      default:
        return Object.create(null);
    }
  };
  const resizable = (): unknown => {
    const buffer = new ArrayBuffer(8, { maxByteLength: 32 });
    return [
      buffer,
      new Uint8Array(buffer),
      new Uint8Array(buffer, 4),
      new Uint8Array(buffer, 4, 4),
      new Uint16Array(buffer, 2, 1),
    ][random(5)];
  };
  const container = (left: number): unknown => {
    const part = () => value(left - 1);
    const count = random(4);
    switch (random(10)) {
      case 0:
        return Array.from({ length: count }, part);
      case 1: {
        const array: unknown[] = [];
        for (let i = 0; i < count; i++) {
          array[[random(8), random(2000), 2 ** 27 + random(9)][random(3)]!] = part();
        }
        return array;
      }
      case 2:
        return Object.assign(Array.from({ length: count }, part), { named: part(), other: part() });
      case 3:
        return new Map(Array.from({ length: count }, () => [part(), part()]));
      case 4:
        return new Set(Array.from({ length: count }, part));
      case 5:
        return new Point(part());
      case 6:
        return new Fancy([[part(), part()]]);
      case 7: {
        const field = part();
        return {
          get computed() {
            return field;
          },
          plain: part(),
        };
      }
      case 8:
        return { ["__proto__"]: part(), 7: part(), b: part() };
      default:
        return Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, part()]));
    }
  };
  return value(depth);
}

/** Say in words what a value is, so that values that differ in anything have other words. */
export function describeValue(root: unknown): string {
  const numbers = new Map<object, number>();
  const parts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) {
      parts.push(
        Object.is(value, -0) ? "-0" : typeof value === "bigint" ? `${value}n` : show(value),
      );
      return;
    }
    const known = numbers.get(value);
    if (known !== undefined) {
      parts.push(`#${known}`);
      return;
    }
    numbers.set(value, numbers.size);
    const prototype = Object.getPrototypeOf(value);
    parts.push(prototype === null ? "null" : prototype.constructor.name, "{");
    if (ArrayBuffer.isView(value)) {
      parts.push(`${value.byteOffset}+${value.byteLength}`);
      visit(value.buffer);
      const { buffer } = value;
      if (buffer instanceof ArrayBuffer && buffer.resizable) {
        buffer.resize(16);
        parts.push(`grown: ${value.byteLength}`);
        buffer.resize(8);
      }
    } else if (value instanceof ArrayBuffer) {
      parts.push(`${new Uint8Array(value)} ${value.resizable} ${value.maxByteLength}`);
    } else if (value instanceof Map) {
      for (const [key, item] of value) {
        visit(key);
        visit(item);
      }
    } else if (value instanceof Set) { for (const item of value) visit(item); }
    else if (value instanceof Date) parts.push(String(value.getTime()));
    else if (value instanceof RegExp) parts.push(String(value));
    else {
      if (!Array.isArray(value) && prototype !== Object.prototype) {
        parts.push(show(value.valueOf()));
      } else if (Array.isArray(value)) parts.push(`length ${value.length}`);
      for (const key of Object.keys(value)) {
        if (value instanceof String) continue;
        parts.push(`${key}:`);
        visit((value as Record<string, unknown>)[key]);
      }
    }
    parts.push("}");
  };
  visit(root);
  return parts.join(" ");
}

function show(value: unknown): string {
  return typeof value === "object"
    ? ""
    : typeof value === "string"
    ? JSON.stringify(value)
    : String(value);
}
