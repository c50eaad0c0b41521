import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { isPlain } from "../../lib/bullmq/is_plain.ts";
import { bytesIn, decodePayload, encodePayload } from "../../lib/bullmq/payload.ts";

const shared = [1];
const circle: unknown[] = [];
circle.push(circle);
const withField = Object.assign([1], { index: 0 });
const deep: unknown[] = [];
for (let i = 0, inner = deep; i < 20; i++) inner.push(inner = []);

const PLAIN: unknown[] = [
  [],
  [1, -1.5, 1e300, 0],
  ["", "ß✓", "\ud800", '"\n'],
  [true, null, { a: [1], b: { c: null } }],
  [[1], [1]],
];

const OTHERS: unknown[] = [
  [undefined],
  [-0],
  [NaN, Infinity],
  [1n],
  [, 1],
  [shared, shared],
  circle,
  withField,
  deep,
  [new Date(5)],
  [new Map([[1, 2]]), new Set([1])],
  [new Uint8Array([1, 2])],
  [{ a: undefined }],
  [
    new (class Point {
      x = 1;
    })(),
  ],
  [/x/gi],
];

Deno.test("What JSON carries as it is goes as JSON, and nothing else does", () => {
  for (const value of PLAIN) {
    assert(isPlain(value));
    const text = encodePayload(value);
    assertEquals(text, JSON.stringify(value));
    assertEquals(decodePayload(text), value);
    assertEquals(bytesIn(text), text.length);
  }
  for (const value of OTHERS) {
    assert(!isPlain(value));
    const text = encodePayload(value);
    assert(!text.startsWith("["), text);
    const back = decodePayload(text) as unknown[];
    assertEquals(Object.keys(back), Object.keys(value as unknown[]));
    if (value !== circle && value !== deep) assertEquals(back, structuredClone(value));
  }
  const [one, two] = decodePayload(encodePayload([shared, shared])) as unknown[];
  assertStrictEquals(one, two);
});

Deno.test("A getter is not asked to find out whether a value is plain", () => {
  let asked = 0;
  const value = {
    get a() {
      return ++asked;
    },
  };
  assert(!isPlain([value]));
  assertEquals(asked, 0);
});

Deno.test("Large buffers cross beside the value", () => {
  const bytes = new Uint8Array(10_000).fill(7);
  assertEquals(decodePayload(encodePayload([bytes, "x"])), [bytes, "x"]);
});

Deno.test("What Deno 2.5 and Deno 2.9 write is the same, and each reads it", () => {
  const value = [new Map([["a", 1n]]), new Date(5), undefined, -0, /x/g, new Set(["ß✓"])];
  const written =
    "OQAAAAAAAAD/D0EGOyIBYVoQAQAAAAAAAAA6AkQAAAAAAAAUQF9OAAAAAAAAAIBSIgF4AScAYwTfABMnLAEk" +
    "AAY=";
  assertEquals(encodePayload(value), written);
  assertEquals(decodePayload(written), value);
});

Deno.test("Lengths that do not fit are refused before anything is made of them", () => {
  const bytes = (...numbers: number[]) => btoa(String.fromCharCode(...numbers));
  const broken = [
    "",
    "AAAA",
    "~~~",
    "[1",
    bytes(255, 255, 255, 255, 0, 0, 0, 0, 1),
    bytes(1, 0, 0, 0, 255, 255, 255, 255, 1),
    bytes(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 176, 67, 1),
    bytes(1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 248, 127, 1),
    bytes(1, 0, 0, 0, 0, 0, 0, 0, 1, 2),
  ];
  for (const text of broken) {
    assertThrows(() => decodePayload(text), TypeError, "Cannot read a value");
  }
});
