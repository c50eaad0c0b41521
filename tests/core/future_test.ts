import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, createTask, currentTask, Future, InvalidStateError } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, ending, failure } from "../task/helpers.ts";

Deno.test("Future: is pending until it has a result", () => {
  const future = new Future<number>();
  assertFalse(future.done());
  assertFalse(future.cancelled());
  assertThrows(() => future.result(), InvalidStateError, "not done");
  assertThrows(() => future.exception(), InvalidStateError, "not done");
  future.setResult(1);
  assert(future.done());
  assertFalse(future.cancelled());
  assertEquals(future.result(), 1);
  assertEquals(future.exception(), undefined);
});

Deno.test("Future: keeps its failure as it is, whatever was thrown", async () => {
  for (const error of [new TypeError("no"), "text", 0, null, undefined]) {
    const future = new Future<number>();
    future.setException(error);
    assertEquals(future.exception(), error);
    assertEquals(await failure(future), error);
    let thrown: unknown = "nothing";
    try {
      future.result();
    } catch (caught) {
      thrown = caught;
    }
    assertEquals(thrown, error);
  }
});

Deno.test("Future: is settled once", async () => {
  const settled = [new Future<number>(), new Future<number>(), new Future<number>()];
  settled[0]!.setResult(1);
  settled[1]!.setException(new Error("no"));
  settled[2]!.cancel();
  for (const future of settled) {
    assertThrows(() => future.setResult(2), InvalidStateError, "done already");
    assertThrows(() => future.setException(new Error()), InvalidStateError, "done already");
    assertFalse(future.cancel());
  }
  assertEquals(settled.map(ending), ["=1", "Error: no", "cancelled"]);
  await Promise.allSettled(settled);
});

Deno.test("Future: cancelled, it throws CancelledError from everything that asks", async () => {
  const future = new Future<number>();
  assert(future.cancel());
  assert(future.done());
  assert(future.cancelled());
  assertThrows(() => future.result(), CancelledError);
  assertThrows(() => future.exception(), CancelledError);
  await assertRejects(() => future, CancelledError);
});

Deno.test("Future: a string given to cancel is the message, anything else the cause", async () => {
  const texts = new Future();
  texts.cancel("because");
  const error = await failure(texts) as CancelledError;
  assert(error instanceof CancelledError);
  assertEquals([error.name, error.message, error.cause], ["CancelledError", "because", undefined]);
  const objects = new Future();
  objects.cancel({ code: 7 });
  assertEquals((await failure(objects) as CancelledError).cause, { code: 7 });
});

Deno.test("Future: callbacks run later, in order, outside any task, with the future", async () => {
  const future = new Future<number>();
  const seen: unknown[] = [];
  future.addDoneCallback((f) => seen.push(["first", f === future, currentTask()]));
  future.addDoneCallback(() => seen.push("second"));
  const task = createTask(() => {
    future.setResult(1);
    seen.push("set");
    future.addDoneCallback(() => seen.push("third"));
  });
  await task;
  await settle();
  assertEquals(seen, ["set", ["first", true, undefined], "second", "third"]);
});

Deno.test("Future: a callback added to one that is done runs in a later turn", async () => {
  const future = new Future<number>();
  future.setResult(1);
  const seen: string[] = [];
  future.addDoneCallback(() => seen.push("called"));
  assertEquals(seen, []);
  await settle();
  assertEquals(seen, ["called"]);
});

Deno.test("Future: removeDoneCallback takes all of one function and says how many", async () => {
  const future = new Future<number>();
  const seen: string[] = [];
  const one = () => seen.push("one");
  const two = () => seen.push("two");
  future.addDoneCallback(one);
  future.addDoneCallback(two);
  future.addDoneCallback(one);
  assertEquals(future.removeDoneCallback(one), 2);
  assertEquals(future.removeDoneCallback(one), 0);
  assertEquals(future.removeDoneCallback(() => {}), 0);
  future.setResult(1);
  await settle();
  assertEquals(seen, ["two"]);
});

Deno.test("Future: a callback that throws is reported, and the others run", async () => {
  const reported: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  try {
    const future = new Future<number>();
    const error = new Error("in a callback");
    const seen: string[] = [];
    future.addDoneCallback(() => {
      throw error;
    });
    future.addDoneCallback(() => seen.push("second"));
    future.setResult(1);
    await settle();
    assertEquals(seen, ["second"]);
    assertEquals(reported, [error]);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

Deno.test("Future: then, catch and finally are those of a promise", async () => {
  const good = new Future<number>();
  const bad = new Future<number>();
  const seen: string[] = [];
  const all = Promise.all([
    good.then((value) => value + 1),
    good.then(),
    good.finally(() => seen.push("good")),
    bad.catch((error) => (error as Error).message),
    bad.then(() => "never", () => "handled"),
    bad.finally(() => seen.push("bad")).catch(() => "after"),
  ]);
  good.setResult(1);
  bad.setException(new Error("no"));
  assertEquals(await all, [2, 1, 1, "no", "handled", "after"]);
  assertEquals(seen.sort(), ["bad", "good"]);
  assertEquals(Object.prototype.toString.call(good), "[object Future]");
});

Deno.test("Future: many may await it, in the order in which they came", async () => {
  const future = new Future<string>();
  const seen: string[] = [];
  const tasks = ["a", "b", "c"].map((name) =>
    createTask(async () => {
      seen.push(name + await future);
    })
  );
  await settle();
  future.setResult("!");
  await Promise.all(tasks);
  assertEquals(seen, ["a!", "b!", "c!"]);
});

Deno.test("Future: cancelling a task that awaits it cancels it, and with it the others", async () => {
  const future = new Future<number>();
  const first = createTask(async () => await future);
  const second = createTask(async () => await future);
  await settle();
  first.cancel("stop");
  await ended(first, second);
  assert(future.cancelled());
  assert(first.cancelled());
  assert(second.cancelled());
});

Deno.test("Future: a task cancelled in the instant of the result is cancelled", async () => {
  for (const cancelFirst of [false, true]) {
    const future = new Future<number>();
    const task = createTask(async () => await future);
    await settle();
    if (cancelFirst) task.cancel();
    if (!future.done()) future.setResult(1);
    if (!cancelFirst) task.cancel();
    await ended(task);
    assert(task.cancelled());
    assertEquals(future.cancelled(), cancelFirst);
  }
});

Deno.test("Future: awaiting one that is done works in a task that is being cancelled", async () => {
  const done = new Future<string>();
  done.setResult("there");
  const task = createTask(async () => {
    try {
      await new Future();
    } finally {
      assertEquals(await done, "there");
    }
  });
  await settle();
  task.cancel();
  await ended(task);
  assert(task.cancelled());
});

Deno.test("Future: a result that is a promise is stored as it is", () => {
  const future = new Future<Promise<number>>();
  const promise = Promise.resolve(1);
  future.setResult(promise);
  assert(future.result() === promise);
});

Deno.test("Future: refuses a callback that is no function, and one waits outside any task", async () => {
  const future = new Future<number>();
  assertThrows(() => future.addDoneCallback("x" as never), TypeError, "fn must be a function");
  setTimeout(() => future.setResult(3), 0);
  assertEquals(await future, 3);
});
