import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { decodeValue, encodeValue } from "../../../lib/worker/process/value_codec.ts";

function roundTrip<T>(value: T, transfer?: Transferable[]): T {
  const { head, buffers } = encodeValue(value, transfer);
  return decodeValue(head, buffers.map(({ buffer }) => buffer)) as T;
}

function errorOf(fn: () => unknown): Error {
  try {
    fn();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It was expected to throw");
}

Deno.test("Values keep what structured clone keeps", () => {
  const values: unknown[] = [
    undefined,
    null,
    true,
    -0,
    NaN,
    Infinity,
    "",
    "plain",
    "ü€𝄞",
    "a lone surrogate: \ud800",
    123456789012345678901234567890n,
    new Date(5),
    /a+/giu,
    new Map<unknown, unknown>([[1, { a: new Set([1, "b"]) }], [{ key: 1 }, undefined]]),
    [new Boolean(false), new Number(2), new String("c"), Object(3n)],
    new TypeError("broken"),
    { nested: [{ deep: [[[1]]] }], undef: undefined },
    new Int8Array([-1]),
    new Uint8ClampedArray([255]),
    new Uint16Array([65535]),
    new Int32Array([-5]),
    new Float32Array([1.5]),
    new Float64Array([Math.PI, -0]),
    new BigInt64Array([-1n]),
    new BigUint64Array([2n ** 63n]),
    new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2),
    new Uint8Array(10_000).fill(7),
    new Float64Array(5_000).fill(0.5),
    new ArrayBuffer(3),
    new ArrayBuffer(100_000),
  ];
  for (const value of values) assertEquals(roundTrip(value), value);
  assert(Object.is(roundTrip(-0), -0));
  const sparse: unknown[] & { extra?: number } = [1, , 3];
  sparse.extra = 4;
  const copy = roundTrip(sparse);
  assertEquals([1 in copy, copy.length, copy.extra], [false, 3, 4]);
});

Deno.test("Circles, and what occurs twice, stay what they are", () => {
  const circle: { self?: unknown; list: unknown[] } = { list: [] };
  circle.self = circle;
  circle.list.push(circle.list, circle);
  const copy = roundTrip(circle);
  assertStrictEquals(copy.self, copy);
  assertStrictEquals(copy.list[0], copy.list);
  for (const size of [16, 100_000]) {
    const buffer = new ArrayBuffer(size);
    const [low, high, whole] = roundTrip([
      new Uint8Array(buffer, 0, 8),
      new Uint8Array(buffer, 8),
      buffer,
    ]) as [Uint8Array, Uint8Array, ArrayBuffer];
    assertStrictEquals(low.buffer, whole);
    assertStrictEquals(high.buffer, whole);
    assertEquals([low.byteOffset, high.byteOffset, whole.byteLength], [0, 8, size]);
  }
});

Deno.test("Buffers are of their own size, and resizable ones stay so", () => {
  assertEquals(roundTrip(new Uint8Array([1, 2])).buffer.byteLength, 2);
  for (const size of [8, 10_000]) {
    const buffer = roundTrip(new ArrayBuffer(size, { maxByteLength: 2 * size }));
    assertEquals([buffer.byteLength, buffer.maxByteLength], [size, 2 * size]);
  }
});

Deno.test("What was encoded does not change with the value afterwards", () => {
  const bytes = new Uint8Array(10_000).fill(1);
  const encoded = encodeValue([bytes]);
  bytes.fill(2);
  const [copy] = decodeValue(encoded.head, encoded.buffers.map(({ buffer }) => buffer)) as [
    Uint8Array,
  ];
  assert(copy.every((byte) => byte === 1));
});

Deno.test("What is transferred arrives, and is gone here", () => {
  for (const size of [16, 100_000]) {
    const bytes = new Uint8Array(size).fill(3);
    const copy = roundTrip({ bytes }, [bytes.buffer]);
    assertEquals([bytes.byteLength, copy.bytes.byteLength, copy.bytes[1]], [0, size, 3]);
  }
  const unused = new ArrayBuffer(8);
  assertEquals(roundTrip(1, [unused]), 1);
  assert(unused.detached);
});

Deno.test("A failed encoding transfers nothing", () => {
  const buffer = new ArrayBuffer(8);
  assertEquals(errorOf(() => encodeValue([buffer, () => 1], [buffer])).name, "DataCloneError");
  assertEquals(errorOf(() => encodeValue(buffer, [buffer, buffer])).name, "DataCloneError");
  const stream = new ReadableStream() as unknown as Transferable;
  assertThrows(() => encodeValue(buffer, [buffer, stream]), TypeError, "only an ArrayBuffer");
  assertEquals(buffer.byteLength, 8);
  buffer.transfer();
  assertEquals(errorOf(() => encodeValue(1, [buffer])).name, "DataCloneError");
  assertEquals(errorOf(() => encodeValue({ buffer })).name, "DataCloneError");
});

Deno.test("What cannot cross is refused, however deep it is", () => {
  for (const bad of [() => 1, Symbol("s"), new WeakMap(), Promise.resolve(), new Proxy({}, {})]) {
    for (const value of [bad, [1, [bad]], new Map([[1, bad]]), new Set([bad]), { a: { bad } }]) {
      assertEquals(errorOf(() => encodeValue(value)).name, "DataCloneError");
    }
  }
  const { port1, port2 } = new MessageChannel();
  const platform = [
    new URL("data:,"),
    new Blob(["a"]),
    new Headers(),
    new AbortController(),
    port1,
  ];
  for (const bad of [...platform, new SharedArrayBuffer(8)]) {
    assertThrows(() => encodeValue({ list: [bad] }), TypeError, "another process");
  }
  assertThrows(() => encodeValue(new Int32Array(new SharedArrayBuffer(8))), TypeError, "shared");
  port1.close();
  port2.close();
});

Deno.test("What a getter throws comes out as it is", () => {
  const error = new RangeError("getter");
  const value = {
    get bad(): never {
      throw error;
    },
  };
  assertStrictEquals(errorOf(() => encodeValue([value])), error);
});
