import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { SharedArray, type SharedType, SharedValue } from "../../mod.ts";
import { arrived } from "./shared.ts";

const NUMBERS: [SharedType, number, number][] = [
  ["int8", 127, -128],
  ["uint8", 255, 0],
  ["int16", 2 ** 15 - 1, -(2 ** 15)],
  ["uint16", 2 ** 16 - 1, 0],
  ["int32", 2 ** 31 - 1, -(2 ** 31)],
  ["uint32", 2 ** 32 - 1, 0],
];

for (const [type, most, least] of NUMBERS) {
  Deno.test(`SharedValue: a ${type} is cut to its bits, as in a typed array`, () => {
    const value = new SharedValue(type as "int8", most);
    assertEquals(value.add(1), most);
    assertEquals(value.value, least);
    assertEquals(value.exchange(5), least);
    assertEquals(value.compareExchange(4, 6), 5);
    assertEquals(value.compareExchange(5, 6), 5);
    assertEquals(value.value, 6);
    value.value = 1.9;
    assertEquals(value.value, 1);
  });
}

Deno.test("SharedValue: big ones hold bigints", () => {
  const signed = new SharedValue("bigint64", 2n ** 63n - 1n);
  assertEquals(signed.add(1n), 2n ** 63n - 1n);
  assertEquals(signed.value, -(2n ** 63n));
  const unsigned = new SharedValue("biguint64");
  assertEquals(unsigned.add(-1n), 0n);
  assertEquals(unsigned.compareExchange(2n ** 64n - 1n, 3n), 2n ** 64n - 1n);
  assertEquals(unsigned.exchange(4n), 3n);
});

Deno.test("SharedValue: floating-point ones add, exchange and compare by value", () => {
  const value = new SharedValue("float64", 0.1);
  assertEquals(value.add(0.2), 0.1);
  assertEquals(value.value, 0.1 + 0.2);
  value.value = -0;
  assertEquals(value.compareExchange(0, NaN), -0);
  assertEquals(value.compareExchange(NaN, 7), NaN);
  assertEquals(value.exchange(Infinity), 7);
  assertEquals(value.add(-Infinity), Infinity);
  assertEquals(value.value, NaN);
  const single = new SharedValue("float32", 0.1);
  assertEquals(single.value, Math.fround(0.1));
  assertEquals(single.compareExchange(0.1, 2), Math.fround(0.1));
  assertEquals(single.value, 2);
});

Deno.test("SharedValue: refuses nonsense, and stays as it was", () => {
  assertThrows(() => new SharedValue("int" as "int8"), RangeError, 'received "int"');
  assertThrows(() => new SharedValue("toString" as "int8"), RangeError);
  assertThrows(() => new SharedValue(8 as unknown as "int8"), TypeError);
  assertThrows(() => new SharedValue("int8", 1n as unknown as number), TypeError);
  assertThrows(() => new SharedValue("bigint64", 1 as unknown as bigint), TypeError);
  const value = new SharedValue("int32", 3);
  assertThrows(() => value.add("1" as unknown as number), TypeError);
  assertThrows(() => value.exchange(undefined as unknown as number), TypeError);
  assertThrows(() => value.compareExchange(3, 4n as unknown as number), TypeError);
  assertThrows(() => value.value = null as unknown as number, TypeError);
  assertEquals(value.value, 3);
});

Deno.test("SharedValue: crosses with its lock", async () => {
  const value = new SharedValue("float64", 1.5);
  const other = arrived(value);
  assertEquals([other.type, other.value], ["float64", 1.5]);
  other.add(1);
  assertEquals(value.value, 2.5);
  using _ = await value.lock.acquire();
  assertEquals(other.lock.tryAcquire(), undefined);
});

Deno.test("SharedArray: holds what it was given, and zeros otherwise", () => {
  assertEquals([...new SharedArray("uint8", 3)], [0, 0, 0]);
  assertEquals([...new SharedArray("float32", new Set([1, 2]))], [1, 2]);
  assertEquals([...new SharedArray("bigint64", [1n])], [1n]);
  const array = new SharedArray("int16", [1, 2, 3]);
  assertEquals([array.length, array.array.byteLength, array.type], [3, 6, "int16"]);
  array.set(2, 70_000);
  assertEquals(array.get(2), 70_000 - 65_536);
  array.array[0] = 9;
  assertEquals([...array], [9, 2, 4_464]);
  assertEquals([...new SharedArray("int8", 0)], []);
});

Deno.test("SharedArray: checks its bounds and its types", () => {
  const array = new SharedArray("int32", 2);
  for (const index of [-1, 2, 0.5, NaN, Infinity]) {
    assertThrows(() => array.get(index), RangeError, "from 0 to 1");
    assertThrows(() => array.set(index, 1), RangeError);
  }
  assertThrows(() => array.get("0" as unknown as number), TypeError);
  assertThrows(() => array.set(0, "1" as unknown as number), TypeError);
  assertThrows(() => new SharedArray("int32", -1), RangeError);
  assertThrows(() => new SharedArray("int32", 1.5), RangeError);
  assertThrows(() => new SharedArray("int32", null as unknown as number), TypeError);
  assertThrows(() => new SharedArray("int32", [1, "2" as unknown as number]), TypeError, "value 1");
  assertEquals([...array], [0, 0]);
});

Deno.test("SharedArray: crosses with its lock", async () => {
  const array = new SharedArray("biguint64", [1n, 2n]);
  const other = arrived(array);
  other.set(0, 7n);
  assertEquals([...array], [7n, 2n]);
  assertStrictEquals(other.array.length, 2);
  using _ = await other.lock.acquire();
  assertStrictEquals(array.lock.locked(), true);
});
