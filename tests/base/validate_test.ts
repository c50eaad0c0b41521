import { assertEquals, assertThrows } from "@std/assert";
import {
  checkDuration,
  checkFunction,
  checkInteger,
  checkOptions,
  show,
} from "../../lib/base/validate.ts";

Deno.test("show: names values shortly and without their contents", () => {
  class Account {
    secret = "x";
  }
  const cases: [unknown, string][] = [
    [undefined, "undefined"],
    [null, "null"],
    [1.5, "1.5"],
    [NaN, "NaN"],
    [-0, "0"],
    [12n, "12n"],
    [true, "true"],
    ['a "text"', '"a \\"text\\""'],
    [Symbol("s"), "Symbol(s)"],
    [function named() {}, "function named"],
    [(() => () => {})(), "a function"],
    [class Named {}, "function Named"],
    [[1, 2], "an array"],
    [{ a: 1 }, "an object"],
    [Object.create(null), "an object"],
    [new Account(), "an instance of Account"],
    [new Map(), "an instance of Map"],
    [new TypeError("no"), "an instance of TypeError"],
    [Promise.resolve(), "an instance of Promise"],
  ];
  for (const [value, shown] of cases) assertEquals(show(value), shown);
});

Deno.test("checkFunction: lets functions of every kind pass", () => {
  const functions = [
    () => {},
    async () => {},
    function* () {},
    class {},
    Math.max,
    (() => {}).bind(1),
  ];
  for (const fn of functions) assertEquals(checkFunction("call", "fn", fn), undefined);
  for (const value of [undefined, null, 1, "f", {}, Promise.resolve()]) {
    assertThrows(() => checkFunction("call it", "fn", value), TypeError);
  }
  assertThrows(
    () => checkFunction("call it", "fn", 1),
    TypeError,
    "Cannot call it: fn must be a function, received 1",
  );
});

Deno.test("checkInteger: lets whole numbers from the least on pass", () => {
  for (const value of [0, 1, 2 ** 40]) checkInteger("count", "n", value, 0);
  checkInteger("count", "n", -3, -3);
  const cases: [unknown, number, typeof TypeError, string][] = [
    ["1", 0, TypeError, 'Cannot count: n must be a number, received "1"'],
    [1n, 0, TypeError, "Cannot count: n must be a number, received 1n"],
    [undefined, 0, TypeError, "Cannot count: n must be a number, received undefined"],
    [-1, 0, RangeError, "Cannot count: n must be a non-negative integer, received -1"],
    [0, 1, RangeError, "Cannot count: n must be a positive integer, received 0"],
    [1, 2, RangeError, "Cannot count: n must be an integer of at least 2, received 1"],
    [1.5, 0, RangeError, "Cannot count: n must be a non-negative integer, received 1.5"],
    [NaN, 0, RangeError, "Cannot count: n must be a non-negative integer, received NaN"],
    [Infinity, 0, RangeError, "Cannot count: n must be a non-negative integer, received Infinity"],
  ];
  for (const [value, least, kind, message] of cases) {
    const error = assertThrows(() => checkInteger("count", "n", value, least), kind);
    assertEquals((error as Error).message, message);
  }
});

Deno.test("checkDuration: lets every number but NaN pass", () => {
  for (const value of [0, -1, 0.5, Infinity, -Infinity]) checkDuration("sleep", "ms", value);
  for (const value of ["1", null, undefined, 1n, {}, new Date()]) {
    assertThrows(() => checkDuration("sleep", "ms", value), TypeError, "number of milliseconds");
  }
  assertThrows(
    () => checkDuration("sleep", "ms", NaN),
    RangeError,
    "Cannot sleep: ms must be a number of milliseconds, received NaN",
  );
});

Deno.test("checkOptions: lets objects and undefined pass", () => {
  for (const value of [undefined, {}, new (class {})(), []]) checkOptions("run", value);
  for (const value of [null, 1, "x", true, () => {}]) {
    assertThrows(() => checkOptions("run", value), TypeError, "options must be an object");
  }
});

Deno.test("checkOptions: names what there is not, what there is, and what is close", () => {
  const known = ["maxWorkers", "name", "idleTimeout"];
  checkOptions("create a pool", undefined, known);
  checkOptions("create a pool", { name: undefined }, known);
  const refused = (options: object, names = known) =>
    assertThrows(() => checkOptions("create a pool", options, names), TypeError).message;
  assertEquals(
    refused({ processes: 4 }),
    'Cannot create a pool: unknown option "processes"; known are maxWorkers, name, idleTimeout',
  );
  for (const typo of ["maxworkers", "maxWorker", "max_workers", "mxaWorkers"]) {
    assertEquals(refused({ [typo]: 4 }).endsWith('; did you mean "maxWorkers"'), true, typo);
  }
  assertEquals(
    refused({ name: undefined, x: 1 }, []),
    'Cannot create a pool: unknown option "name"; there are none',
  );
});
