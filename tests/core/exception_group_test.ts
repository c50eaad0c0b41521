import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  CancelledError,
  createTask,
  ExceptionGroup,
  Future,
  race,
  sleep,
  TaskGroup,
} from "../../mod.ts";
import { failure, start } from "../task/helpers.ts";

/** The nesting of a group, with the messages of what is in it. */
function shape(error: unknown): unknown {
  if (error === undefined) return undefined;
  if (error instanceof ExceptionGroup) return error.errors.map(shape);
  return error instanceof Error ? error.message : error;
}

const nested = () =>
  new ExceptionGroup([
    new TypeError("t1"),
    new ExceptionGroup([new RangeError("r1"), new TypeError("t2")], "inner"),
    new ExceptionGroup([new RangeError("r2")], "other"),
  ], "outer");

Deno.test("ExceptionGroup: is an AggregateError with a name of its own", () => {
  const errors = [new TypeError("a"), new RangeError("b")];
  const group = new ExceptionGroup(errors, "failed", { cause: "why" });
  assert(group instanceof AggregateError && group instanceof Error);
  assertEquals([group.name, group.message, group.cause], ["ExceptionGroup", "failed", "why"]);
  assertEquals(group.errors, errors);
  assertEquals(`${group}`, "ExceptionGroup: failed");
  assert(group.stack!.startsWith("ExceptionGroup: failed") || group.stack!.includes("failed"));
});

Deno.test("ExceptionGroup: takes any iterable, and a copy of it", () => {
  const errors = [new Error("a")];
  const group = new ExceptionGroup(errors);
  errors.push(new Error("b"));
  assertEquals(shape(group), ["a"]);
  assertEquals(group.message, "");
  assertEquals(shape(new ExceptionGroup(new Set([1, undefined, "x"]))), [1, undefined, "x"]);
});

Deno.test("ExceptionGroup: refuses to be empty, and what is not iterable", () => {
  assertThrows(() => new ExceptionGroup([]), RangeError, "must not be empty");
  for (const nonsense of [1, undefined, null, "text", {}, new Error()]) {
    assertThrows(() => new ExceptionGroup(nonsense as never), TypeError, "must be an iterable");
  }
});

Deno.test("ExceptionGroup.split: by class, keeping the nesting", () => {
  const [types, rest] = nested().split(TypeError);
  assertEquals(shape(types), ["t1", ["t2"]]);
  assertEquals(shape(rest), [["r1"], ["r2"]]);
  assertEquals(types!.message, "outer");
  assertEquals((types!.errors[1] as Error).message, "inner");
  assertEquals((rest!.errors as Error[]).map((error) => error.message), ["inner", "other"]);
});

Deno.test("ExceptionGroup.split: by several classes, and by a predicate", () => {
  const [both, none] = nested().split([TypeError, RangeError]);
  assertEquals([shape(both), none], [["t1", ["r1", "t2"], ["r2"]], undefined]);
  const [twos, others] = nested().split((error) => (error as Error).message.endsWith("2"));
  assertEquals(shape(twos), [["t2"], ["r2"]]);
  assertEquals(shape(others), ["t1", ["r1"]]);
  const [nothing, all] = nested().split([]);
  assertEquals([nothing, shape(all)], [undefined, shape(nested())]);
});

Deno.test("ExceptionGroup.split: a match of a group takes it whole, as it is", () => {
  const group = nested();
  assertEquals(group.split(ExceptionGroup), [group, undefined]);
  assertStrictEquals(group.split(Error)[0], group);
  const [inner, rest] = group.split((error) => (error as Error).message === "inner");
  assertStrictEquals(inner!.errors[0], group.errors[1]);
  assertEquals(shape(rest), ["t1", ["r2"]]);
});

Deno.test("ExceptionGroup.split: none that match, and all that match", () => {
  class Rare extends Error {}
  const group = nested();
  const [rare, rest] = group.split(Rare);
  assertEquals(rare, undefined);
  assertEquals(shape(rest), shape(group));
  assertEquals(group.subgroup(Rare), undefined);
});

Deno.test("ExceptionGroup.subgroup: only those that match", () => {
  const group = nested();
  assertEquals(shape(group.subgroup(RangeError)), [["r1"], ["r2"]]);
  assertEquals(shape(group.subgroup((error) => error instanceof TypeError)), ["t1", ["t2"]]);
  assertStrictEquals(group.subgroup(() => true), group);
});

Deno.test("ExceptionGroup.split: what is thrown need not be an Error, nor the class one of errors", () => {
  class Plain {}
  const plain = new Plain();
  const group = new ExceptionGroup([plain, 1, null, new Map()], "odd");
  assertEquals(group.subgroup(Plain)?.errors, [plain]);
  assertEquals(group.subgroup((error) => error === null)?.errors, [null]);
  assertEquals(group.subgroup(Map)?.errors, [new Map()]);
  assertEquals(group.subgroup([Plain, Map])?.errors, [plain, new Map()]);
  function Old() {}
  Old.prototype = Object.create(Error.prototype);
  const old = Object.create(Old.prototype);
  assertEquals(new ExceptionGroup([1, old]).subgroup(Old as never)?.errors, [old]);
});

Deno.test("ExceptionGroup.split: errors of the platform are told by their class", () => {
  const group = new ExceptionGroup([new DOMException("d"), new AggregateError([], "a")], "m");
  assertEquals(shape(group.subgroup(DOMException)), ["d"]);
  assertEquals(shape(group.subgroup(AggregateError)), shape(group));
});

Deno.test("ExceptionGroup.split: parts keep stack and cause, and are of the subclass", () => {
  class Special extends ExceptionGroup {
    readonly code: number;
    constructor(errors: Iterable<unknown>, message: string, code: number, options?: ErrorOptions) {
      super(errors, message, options);
      this.code = code;
    }
    override derive(errors: Iterable<unknown>): Special {
      return new Special(errors, this.message, this.code);
    }
  }
  const cause = new Error("cause");
  const group = new Special([new TypeError("t"), new RangeError("r")], "special", 7, { cause });
  for (const part of group.split(TypeError)) {
    assert(part instanceof Special);
    assertEquals([part.code, part.message, part.cause], [7, "special", cause]);
    assertEquals(part.stack, group.stack);
    assertEquals(Object.keys(part).includes("cause"), false);
  }
  const plain = new ExceptionGroup([new TypeError("t"), 1], "plain").subgroup(TypeError)!;
  assertEquals("cause" in plain, false);
});

Deno.test("ExceptionGroup.derive: makes a group of others with the same message", () => {
  const derived = nested().derive([new Error("x")]);
  assertEquals([derived.message, shape(derived)], ["outer", ["x"]]);
  assertThrows(() => nested().derive([]), RangeError, "must not be empty");
});

Deno.test("ExceptionGroup.split: what the predicate throws comes out", () => {
  const error = new Error("no");
  const thrown = assertThrows(() =>
    nested().split(() => {
      throw error;
    })
  );
  assertStrictEquals(thrown, error);
});

Deno.test("ExceptionGroup.split and subgroup: refuse nonsense", () => {
  for (const nonsense of [undefined, null, 1, "TypeError", {}, [1], [TypeError, () => true]]) {
    assertThrows(() => nested().split(nonsense as never), TypeError, "match must");
    assertThrows(() => nested().subgroup(nonsense as never), TypeError, "match must");
  }
});

Deno.test("ExceptionGroup: of nested task groups, nested as they were", async () => {
  const boom = (error: Error) => () => {
    throw error;
  };
  const error = await failure(TaskGroup.run((outer) => {
    outer.createTask(boom(new TypeError("outer")));
    outer.createTask(() =>
      TaskGroup.run((inner) => {
        inner.createTask(boom(new RangeError("inner")));
      })
    );
  }));
  assert(error instanceof ExceptionGroup);
  assertEquals(shape(error), ["outer", ["inner"]]);
  assertEquals(shape(error.subgroup(RangeError)), [["inner"]]);
  assertEquals(error.message, "Unhandled errors in a task group (2 errors)");
});

Deno.test("ExceptionGroup: a task that fails with one made of cancellations has failed", async () => {
  const task = start(async () => {
    await Promise.resolve();
    throw new ExceptionGroup([new CancelledError("c")], "cancelled ones");
  });
  await failure(task);
  assert(!task.cancelled());
  const block = createTask(async () => {
    await using group = new TaskGroup();
    group.createTask(() => {
      throw new Error("child");
    });
    await new Future();
  });
  assertEquals(shape(await failure(block)), ["child"]);
});

Deno.test("ExceptionGroup: its stack has each failure under the name of its task", async () => {
  const fail = (message: string) => () => Promise.reject(new RangeError(message));
  const error = await failure(TaskGroup.run((group) => {
    group.createTask(fail("one"), { name: "first" });
    group.createTask(() =>
      TaskGroup.run((inner) => {
        inner.createTask(fail("two"), { name: "in the second" });
        throw new TypeError("the inner body");
      }), { name: "second" });
    group.createTask(() => {
      throw "no error";
    }, { name: "third" });
  })) as ExceptionGroup;
  const stack = error.stack!;
  const heads = stack.split("\n").filter((line) => /^ +in /.test(line));
  assertEquals(heads, [
    '  in task "first": RangeError: one',
    '  in task "third": no error',
    '  in task "second": ExceptionGroup: Unhandled errors in a task group (1 error)',
    "    in the body: TypeError: the inner body",
  ]);
  // What is split off tells of its own failures, and of where the whole came from.
  const [ranges, rest] = error.split(RangeError);
  assertEquals(ranges!.stack!.includes("in the second"), false);
  assert(ranges!.stack!.includes('in task "first": RangeError: one'));
  assert(rest!.stack!.includes('in task "third"') && !rest!.stack!.includes("RangeError"));
  assertEquals(ranges!.stack!.split("\n")[0], stack.split("\n")[0]);
  error.stack = "another";
  assertEquals(error.stack, "another");
});

Deno.test("ExceptionGroup: a stack tells of thousands of failures in few", async () => {
  const error = await failure(TaskGroup.run((group) => {
    for (let i = 0; i < 1_200; i++) group.createTask(() => Promise.reject(new Error(`${i}`)));
  })) as ExceptionGroup;
  const { length } = error.errors;
  assertEquals(length, 1_200);
  assert(error.stack!.endsWith("\n  and 200 more"));
});

Deno.test("ExceptionGroup: race names the tasks that failed, too", async () => {
  const late = createTask(async () => {
    await sleep(60_000).catch(() => {});
    throw new TypeError("in the clean-up");
  }, { name: "loser" });
  const error = await failure(race(() => sleep(0), late)) as ExceptionGroup;
  assert(error.stack!.includes('in task "loser": TypeError: in the clean-up'), error.stack);
});
