import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ExceptionGroup, QueueFull } from "../../mod.ts";
import { ValueReader } from "../../lib/shared/codec/value_reader.ts";
import { ValueWriter } from "../../lib/shared/codec/value_writer.ts";

const writer = new ValueWriter();
const reader = new ValueReader();

function copy<T>(value: T): T {
  const length = writer.write(value);
  return reader.read(writer.bytes.slice(0, length)) as T;
}

class Point {
  x = 1;
  #hidden = 2;
  get y(): number {
    return this.#hidden;
  }
}

const text = "Grüße, 世界 🌍";
const VALUES: Record<string, unknown> = {
  undefined,
  null: null,
  booleans: [true, false],
  numbers: [0, -0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53, 0.1, NaN, Infinity, -Infinity],
  bigints: [0n, 1n, -1n, 2n ** 64n, -(2n ** 200n)],
  texts: ["", "a", "x".repeat(32), "x".repeat(33), text, text.repeat(100), "\0\x7f\x80\xff"],
  "texts with lone surrogates": [
    "\ud800",
    "a\udc00b".repeat(50),
    "\ufeffx",
    "\ufeff" + text.repeat(9),
  ],
  nested: { a: [{ b: { c: [1, [2, [3]]] } }], "": 1, 2: 3 },
  "a key called __proto__": JSON.parse('{"__proto__": {"a": 1}, "b": 2}'),
  "an object without prototype": Object.assign(Object.create(null), { a: 1 }),
  "empty things": [{}, [], new Map(), new Set()],
  "an array with holes": [1, , 3, , ,], // deno-lint-ignore no-sparse-arrays
  "an array with more than items": Object.assign([1, 2], { name: "x" }),
  "an array with as many fields as items": Object.assign([, 2], { name: "x" }), // deno-lint-ignore no-sparse-arrays
  map: new Map<unknown, unknown>([[1, "one"], [{ a: 1 }, new Map([[NaN, -0]])]]),
  set: new Set([1, "1", { a: 1 }]),
  date: new Date(1_700_000_000_123),
  "a date that is none": new Date(NaN),
  regexp: /a(b)?[\/"]/giu,
  boxed: [Object(1), Object("x"), Object(false), Object(1n)],
  bytes: new Uint8Array([1, 2, 3]),
  "many bytes": new Uint8Array(100_000).fill(7),
  views: [
    new Int16Array([1, -1]),
    new Float64Array([0.5, NaN]),
    new BigInt64Array([-1n]),
    new Uint8ClampedArray([255]),
    new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1),
    new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
  ],
  buffer: new Uint8Array([9, 8]).buffer,
};

for (const [name, value] of Object.entries(VALUES)) {
  Deno.test(`Codec: copies ${name} as structured clone does`, () => {
    assertEquals(copy(value), structuredClone(value));
  });
}

Deno.test("Codec: keeps -0, and the kinds of what it copies", () => {
  assert(Object.is(copy(-0), -0));
  assert(!(1 in copy([1, , 3]))); // deno-lint-ignore no-sparse-arrays
  const boxed = copy(Object("x"));
  assertInstanceOf(boxed, String);
  assertStrictEquals(Object.getPrototypeOf(copy(Object.create(null))), Object.prototype);
});

Deno.test("Codec: keeps what is the same the same, and circles closed", () => {
  const shared = { a: 1 };
  const value: Record<string, unknown> = { one: shared, two: shared, list: [shared] };
  value.self = value;
  value.map = new Map([[value, value]]);
  value.set = new Set([value]);
  const made = copy(value) as typeof value;
  assertStrictEquals(made.one, made.two);
  assertStrictEquals((made.list as unknown[])[0], made.one);
  assertStrictEquals(made.self, made);
  assertStrictEquals([...(made.map as Map<unknown, unknown>).keys()][0], made);
  assert((made.set as Set<unknown>).has(made));
  const buffer = new ArrayBuffer(8);
  const [one, two] = copy([new Uint8Array(buffer), new Float64Array(buffer)]);
  assertStrictEquals(one!.buffer, two!.buffer);
  const many = Array.from({ length: 50 }, (_, i) => ({ i }));
  const [first, second] = copy([many, [...many].reverse()]);
  second!.forEach((item, i) => assertStrictEquals(item, first![49 - i]));
  const date = new Date();
  const [x, y] = copy([date, date]);
  assertStrictEquals(x, y);
});

Deno.test("Codec: copies instances of classes as their fields", () => {
  const made = copy(new Point()) as { x: number };
  assertEquals([{ ...made }, Object.getPrototypeOf(made)], [{ x: 1 }, Object.prototype]);
  assertEquals(
    copy({
      get a() {
        return 5;
      },
    }),
    { a: 5 },
  );
});

Deno.test("Codec: errors keep class, message, stack, cause, members and fields", () => {
  const cause = new RangeError("inner");
  const error = Object.assign(new TypeError("outer", { cause }), { code: "E1", at: [1, { a: 2 }] });
  const made = copy(error);
  assertInstanceOf(made, TypeError);
  assertInstanceOf(made.cause, RangeError);
  assertEquals([made.message, made.stack, made.code, made.at], [
    "outer",
    error.stack!,
    "E1",
    [1, { a: 2 }],
  ]);
  const group = copy(new ExceptionGroup([new QueueFull("full"), new Error("x")], "group"));
  assertInstanceOf(group, ExceptionGroup);
  assertInstanceOf(group.errors[0], QueueFull);
  const dom = copy(new DOMException("gone", "AbortError"));
  assertInstanceOf(dom, DOMException);
  assertEquals([dom.name, dom.message], ["AbortError", "gone"]);
  const circle: Error & { self?: Error } = new Error("circle");
  circle.self = circle;
  const [again, also] = copy([circle, circle]);
  assertStrictEquals(again!.self, again);
  assertStrictEquals(also, again);
});

const REFUSED: [string, () => unknown, string][] = [
  ["a function", () => () => 1, "function"],
  ["a symbol", () => ({ a: Symbol("s") }), "Symbol(s)"],
  ["a promise", () => [Promise.resolve()], "Promise"],
  ["a WeakMap", () => new WeakMap(), "WeakMap"],
  ["a port", () => {
    const { port1, port2 } = new MessageChannel();
    port2.close();
    return port1;
  }, "MessagePort, which moves to one thread"],
  ["a URL", () => new URL("https://example.com"), "URL"],
  ["a generator", () => (function* () {})(), "holds an instance of"],
  ["a stream", () => new ReadableStream(), "ReadableStream"],
  ["a detached buffer", () => {
    const buffer = new ArrayBuffer(1);
    structuredClone(buffer, { transfer: [buffer] });
    return buffer;
  }, "a detached ArrayBuffer"],
];

for (const [name, make, shown] of REFUSED) {
  Deno.test(`Codec: refuses ${name}, and goes on`, () => {
    const value = make();
    assertThrows(() => writer.write(value), TypeError, shown);
    assertEquals(copy({ a: 1 }), { a: 1 });
    if (value instanceof ReadableStream) void value.cancel();
    if (value instanceof MessagePort) value.close();
  });
}

Deno.test("Codec: what a getter throws comes out, and it goes on", () => {
  const bad = {
    get a() {
      throw new RangeError("no");
    },
  };
  assertThrows(() => writer.write([1, bad]), RangeError, "no");
  assertEquals(copy([1]), [1]);
});

Deno.test("Codec: copies values made at random as structured clone does", () => {
  let seed = 12_345;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % n;
  };
  const known: object[] = [];
  const make = (depth: number): unknown => {
    switch (random(depth > 4 ? 6 : 12)) {
      case 0:
        return random(1_000) - 500;
      case 1:
        return random(1_000_000) / 7;
      case 2:
        return "é".repeat(random(3)) + "k".repeat(random(60));
      case 3:
        return [undefined, null, true, false][random(4)];
      case 4:
        return BigInt(random(1_000)) ** BigInt(random(9));
      case 5:
        return known.length > 0 ? known[random(known.length)] : 0;
      case 6:
        return new Uint8Array(random(40)).fill(random(256));
      case 7:
        return new Date(random(1_000_000_000));
      case 8: {
        const map = new Map();
        known.push(map);
        for (let i = random(4); i > 0; i--) map.set(make(depth + 1), make(depth + 1));
        return map;
      }
      case 9: {
        const list: unknown[] = [];
        known.push(list);
        for (let i = random(6); i > 0; i--) list.push(make(depth + 1));
        return list;
      }
      default: {
        const object: Record<string, unknown> = {};
        known.push(object);
        for (let i = random(6); i > 0; i--) object[`field${random(20)}`] = make(depth + 1);
        return object;
      }
    }
  };
  for (let i = 0; i < 300; i++) {
    known.length = 0;
    const value = make(0);
    // By what the platform's own writer makes of it: it shows circles and identity, too.
    assertEquals(Deno.inspect(copy(value), ALL), Deno.inspect(structuredClone(value), ALL));
  }
});

const ALL = { depth: 20, iterableLimit: 1_000, strAbbreviateSize: 1_000, compact: false };
