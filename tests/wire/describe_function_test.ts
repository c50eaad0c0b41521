import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { remote } from "../../mod.ts";
import { compileFunction } from "../../lib/wire/compile_function.ts";
import { describeFunction } from "../../lib/wire/describe_function.ts";

const what = "submit a call";

Deno.test("Functions and arrows of every kind travel as source", () => {
  // deno-lint-ignore no-explicit-any
  const functions: [(...args: any[]) => unknown, unknown[], unknown][] = [
    [(n: number) => n + 1, [1], 2],
    [(n) => n + 1, [1], 2],
    [({ a, b = 2 }) => a + b, [{ a: 1 }], 3],
    [(...all) => all.length, [1, 2], 2],
    [(a = ")", b = "=>") => a + b, [], ")=>"],
    [
      function (n: number) {
        return n + 1;
      },
      [1],
      2,
    ],
    [
      function named(n: number): number {
        return n <= 1 ? 1 : n * named(n - 1);
      },
      [5],
      120,
    ],
  ];
  for (const [fn, args, result] of functions) {
    const { ref, generator } = describeFunction(what, fn);
    assert("source" in ref);
    assertEquals(generator, false);
    assertEquals(compileFunction({ name: "", source: ref.source })(...args), result);
  }
});

Deno.test("Async and generator functions travel as what they are", async () => {
  const asyncArrow = describeFunction(what, async (n: number) => await n).ref;
  const asyncFunction = describeFunction(what, async function (n: number) {
    return await n;
  }).ref;
  for (const ref of [asyncArrow, asyncFunction]) {
    assert("source" in ref);
    assertEquals(await compileFunction({ name: "", source: ref.source })(3), 3);
  }
  function* generator() {
    yield 1;
  }
  async function* asyncGenerator() {
    yield 1;
  }
  for (const fn of [generator, asyncGenerator]) {
    const described = describeFunction(what, fn);
    assert(described.generator);
    assert("source" in described.ref);
    compileFunction({ name: "", source: described.ref.source });
  }
});

Deno.test("Functions with the same text are one function to a worker", () => {
  const make = () => (n: number) => n * 3;
  const one = describeFunction(what, make());
  assertStrictEquals(describeFunction(what, make()), one);
  assert(describeFunction(what, (n: number) => n * 4).number !== one.number);
});

Deno.test("Bound, native and classed functions and methods are refused at once", () => {
  const object = {
    method() {},
    async later() {},
    *many() {},
    get value() {
      return 1;
    },
    "quoted name"() {},
    arrow: () => 1,
  };
  class Thing {
    static make() {}
    act() {}
  }
  const getter = Object.getOwnPropertyDescriptor(object, "value")!.get!;
  const refused: [unknown, RegExp][] = [
    [Math.max, /"max" is bound or native/],
    [(() => 1).bind(null), /is bound or native/],
    [object.method, /"method" is a method/],
    [object.later, /"later" is a method/],
    [object.many, /"many" is a method/],
    [object["quoted name"], /is a method/],
    [getter, /is a method/],
    [Thing, /"Thing" is a class/],
    [Thing.make, /is a method/],
    [new Thing().act, /is a method/],
  ];
  for (const [fn, message] of refused) {
    const error = assertThrows(() => describeFunction(what, fn), TypeError);
    assert(message.test(error.message), error.message);
    assert(error.message.startsWith("Cannot submit a call: "), error.message);
    assert(/remote\(import\.meta, fn\)/.test(error.message), error.message);
  }
  describeFunction(what, object.arrow);
});

Deno.test("What is no function is refused", () => {
  for (const value of [undefined, null, 1, "text", {}, Promise.resolve()]) {
    assertThrows(
      () => describeFunction(what, value),
      TypeError,
      "Cannot submit a call: fn must be a function, received",
    );
  }
});

Deno.test("A registered function travels by name", () => {
  const fn = remote(import.meta, function travelling() {});
  const { ref } = describeFunction(what, fn);
  assertEquals(ref, { module: import.meta.url, name: "travelling" });
});

Deno.test("remote refuses what has no name, a name twice, and what is no function", () => {
  const meta = { url: "file:///a/module.ts" };
  assertThrows(() => remote(meta, () => 1), TypeError, "fn must have a name");
  remote(meta, function once() {});
  assertThrows(() => remote(meta, function once() {}), TypeError, 'Cannot register "once"');
  remote({ url: "file:///another.ts" }, function once() {});
  const { a, b } = remote(meta, { a: (n: number) => n, b: class {} });
  assertEquals(a(1), 1);
  assertThrows(() => remote(meta, { b }), TypeError, 'Cannot register "b"');
  // deno-lint-ignore no-explicit-any
  const anything = remote as any;
  assertThrows(() => anything(undefined, a), TypeError, "meta must be import.meta");
  assertThrows(() => anything({}, a), TypeError, "meta must be import.meta");
  assertThrows(() => anything(meta, 5), TypeError, "received 5");
  assertThrows(() => anything(meta, [a]), TypeError, "received an array");
  assertThrows(() => anything(meta, { c: 5 }), TypeError, "c must be a function, received 5");
});

Deno.test("remote that fails has registered nothing", () => {
  const meta = { url: "file:///a/half.ts" };
  remote(meta, { taken: () => 1 });
  assertThrows(() => remote(meta, { free: () => 1, taken: () => 2 }), TypeError);
  remote(meta, { free: () => 1 });
});
