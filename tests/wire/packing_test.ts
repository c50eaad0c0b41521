import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { CancelledError, ExceptionGroup, remote, WorkerCrashedError } from "../../mod.ts";
import { pack, survey, unpack } from "../../lib/wire/packing.ts";
import { parcel, registerSharedType } from "../../lib/wire/shareable.ts";

/** Send a value through structured clone, packed. */
function cross<T>(value: T, callerStack?: string): T {
  const transfer: Transferable[] = [];
  const packed = pack(value, transfer);
  return unpack(structuredClone(packed, { transfer }), callerStack) as T;
}

class Token {
  readonly words: Int32Array;

  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.words = words;
  }

  [parcel]() {
    return { kind: "test token", data: { words: this.words } };
  }
}

registerSharedType<{ words: Int32Array }>("test token", ({ words }) => new Token(words));

class Box {
  constructor(readonly inner: Token) {}

  [parcel]() {
    return { kind: "test box", data: { list: [this.inner] } };
  }
}

registerSharedType<{ list: [Token] }>("test box", ({ list }) => new Box(list[0]));

export class QuotaError extends RangeError {
  override name = "QuotaError";

  constructor(readonly used: number, readonly limit: number) {
    super(`${used} of ${limit}`);
  }
}

remote(import.meta, QuotaError);

Deno.test("Plain values weigh what there is to clone, and are left alone", () => {
  assertEquals(survey([1, "a", null, undefined, true, 2n]), 6);
  assertEquals(survey([]), 0);
  assert(survey(["x".repeat(64_000)]) > 1_000);
  assert(survey([new Uint8Array(64_000)]) > 1_000);
  assert(survey([{ a: [1, 2, { b: 3 }] }]) > 3);
});

Deno.test("What has to be packed is found wherever it is, through circles", () => {
  const circle: Record<string, unknown> = { list: [] };
  circle.self = circle;
  assert(survey([circle]) > 0);
  const places = [
    new Token(),
    [new Token()],
    { a: { b: [new Error()] } },
    new Map([[1, new Token()]]),
    new Map([[new Token(), 1]]),
    new Set([new Error()]),
  ];
  for (const place of places) assert(survey([1, place]) < 0);
  circle.list = [new Token()];
  assert(survey([circle]) < 0);
});

Deno.test("What has to be packed is found however deep it is, and among whatever else", () => {
  const chain = (depth: number, end: unknown) => {
    let value = end;
    for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { value } : [i, value];
    return value;
  };
  for (const depth of [0, 31, 32, 33, 34, 100, 100_000]) {
    assert(survey([chain(depth, new Token())]) < 0, `${depth} deep`);
    assert(survey([chain(depth, 1)]) > depth, `${depth} deep, plain`);
  }
  // Each level twice: what was seen before is not looked at again.
  let twice: unknown = { plain: 1 };
  for (let i = 0; i < 200; i++) twice = [twice, twice];
  assertEquals(survey([twice]), 1 + 201 + 1);
  assert(survey([twice, new Token()]) < 0);
  const wide = Array.from({ length: 200_000 }, (_, i) => [i]);
  assert(survey([wide]) > 200_000);
  assert(survey([[...wide, [new Token()]]]) < 0);
  const bare = Object.assign(Object.create(null), { token: new Token() });
  assert(survey([bare]) < 0);
});

Deno.test("Shared objects arrive as themselves, on the same memory, wherever they are", () => {
  const token = new Token();
  token.words[0] = 7;
  const sent = {
    token,
    list: [token, { token }],
    map: new Map<unknown, unknown>([["key", token], [token, "value"]]),
    set: new Set([token]),
    date: new Date(5),
    bytes: new Uint8Array([1, 2]),
  };
  const got = cross(sent);
  assertInstanceOf(got.token, Token);
  assertEquals(got.token.words[0], 7);
  got.token.words[0] = 8;
  assertEquals(token.words[0], 8);
  assertStrictEquals(got.list[0], got.token);
  assertStrictEquals((got.list[1] as { token: Token }).token, got.token);
  assertStrictEquals(got.map.get("key"), got.token);
  assertEquals(got.map.get(got.token), "value");
  assert(got.set.has(got.token));
  assertEquals(got.date, new Date(5));
  assertEquals(got.bytes, new Uint8Array([1, 2]));
  assertStrictEquals(sent.list[0], token);
});

Deno.test("A shared object within a shared object arrives, too", () => {
  const token = new Token();
  const [box, other] = cross([new Box(token), token] as const);
  assertInstanceOf(box.inner, Token);
  assertStrictEquals(box.inner, other);
});

Deno.test("Circles and shared parts keep their shape", () => {
  const part = { n: 1 };
  const sent: Record<string, unknown> = { part, again: part, token: new Token(), holes: [1, , 3] };
  sent.self = sent;
  const got = cross(sent);
  assertStrictEquals(got.self, got);
  assertStrictEquals(got.part, got.again);
  assertEquals(1 in (got.holes as unknown[]), false);
  assertEquals((got.holes as unknown[]).length, 3);
});

Deno.test("A field called __proto__ stays a field", () => {
  const sent = JSON.parse('{"__proto__": {"a": 1}}');
  sent.token = new Token();
  const got = cross(sent);
  assertEquals(Object.keys(got), ["__proto__", "token"]);
  assertEquals(Object.getPrototypeOf(got), Object.prototype);
});

Deno.test("Errors keep class, message, stack, cause and own fields", () => {
  const cause = new TypeError("inner");
  const sent = Object.assign(new RangeError("outer", { cause }), { code: "E1", at: { line: 3 } });
  const got = cross(sent);
  assertInstanceOf(got, RangeError);
  assertEquals(got.message, "outer");
  assertEquals(got.stack, sent.stack);
  assertEquals(got.code, "E1");
  assertEquals(got.at, { line: 3 });
  assertInstanceOf(got.cause, TypeError);
  assertEquals(Object.keys(got), ["code", "at"]);
  assert(Object.prototype.toString.call(got) === "[object Error]");
});

Deno.test("Every built-in class and every class of the library keeps its class", () => {
  const sent = [
    new Error("a"),
    new EvalError("a"),
    new RangeError("a"),
    new ReferenceError("a"),
    new SyntaxError("a"),
    new TypeError("a"),
    new URIError("a"),
    new Deno.errors.NotFound("a"),
    new WebAssembly.CompileError("a"),
    new CancelledError("a"),
    new WorkerCrashedError("a"),
    new DOMException("a", "AbortError"),
  ];
  const got = cross(sent);
  for (const [i, error] of got.entries()) {
    assertStrictEquals(error.constructor, sent[i]!.constructor);
    assertEquals(error.message, "a");
    assertEquals(error.name, sent[i]!.name);
    assertEquals(String(error), String(sent[i]));
  }
  assertEquals((got.at(-1) as DOMException).code, DOMException.ABORT_ERR);
});

Deno.test("A registered class is kept, without its constructor being run", () => {
  const got = cross(new QuotaError(5, 3));
  assertInstanceOf(got, QuotaError);
  assertEquals([got.name, got.message, got.used, got.limit], ["QuotaError", "5 of 3", 5, 3]);
});

Deno.test("Of a class that is not known, the nearest that is is kept, and the name", () => {
  class LocalError extends TypeError {
    override name = "LocalError";
    extra = 1;
  }
  const got = cross(new LocalError("local"));
  assertStrictEquals(got.constructor, TypeError);
  assertEquals(got.name, "LocalError");
  assertEquals(got.extra, 1);
});

Deno.test("Groups keep their members, nested ones, too", () => {
  const inner = new ExceptionGroup([new QuotaError(1, 2), new URIError("x")], "inner");
  const sent = new ExceptionGroup([inner, new TypeError("t")], "outer");
  const got = cross(sent);
  assertInstanceOf(got, ExceptionGroup);
  assertEquals(got.message, "outer");
  assertInstanceOf(got.errors[0], ExceptionGroup);
  assertInstanceOf(got.errors[0].errors[0], QuotaError);
  assertInstanceOf(got.errors[1], TypeError);
  const plain = cross(new AggregateError([1, new Error("e")], "agg"));
  assertStrictEquals(plain.constructor, AggregateError);
  assertEquals(plain.errors[0], 1);
  assertInstanceOf(plain.errors[1], Error);
});

Deno.test("Chains of causes that run in a circle do not run for ever", () => {
  const a = new Error("a");
  const b = new Error("b", { cause: a });
  a.cause = b;
  const got = cross(a);
  assertStrictEquals((got.cause as Error).cause as Error, got);
});

Deno.test("A long chain of causes crosses whole", () => {
  let error = new Error("0");
  for (let i = 1; i < 500; i++) error = new Error(`${i}`, { cause: error });
  let length = 0;
  for (let at: unknown = cross(error); at instanceof Error; at = at.cause) length++;
  assertEquals(length, 500);
});

Deno.test("What cannot be cloned in an error stays behind, and the error crosses", () => {
  const sent = Object.assign(new Error("m"), {
    handler: () => {},
    nested: { promise: Promise.resolve() },
    fine: 1,
  });
  Object.defineProperty(sent, "trap", {
    get: () => {
      throw new Error("trap");
    },
    enumerable: true,
  });
  const got = cross(sent);
  assertEquals(got.message, "m");
  assertEquals(Object.keys(got).filter((key) => key !== "trap"), ["fine"]);
});

Deno.test("The stack of the caller is added beneath that of the worker", () => {
  const sent = new Error("m");
  const got = cross(sent, "    at caller (file.ts:1:1)");
  assert(got.stack!.startsWith(sent.stack!));
  assert(got.stack!.endsWith("\n    at caller (file.ts:1:1)"));
});
