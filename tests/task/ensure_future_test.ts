import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTask, ensureFuture, Future, Task } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, ending, failure, start } from "./helpers.ts";

Deno.test("ensureFuture: keeps futures and tasks, starts functions, wraps promises", async () => {
  const future = new Future<number>();
  const task = createTask(() => 1);
  assert(ensureFuture(future) === future);
  assert(ensureFuture(task) === task);
  assert(ensureFuture(() => 2) instanceof Task);
  const wrapped = ensureFuture(Promise.resolve(3));
  assert(wrapped instanceof Future && !(wrapped instanceof Task));
  assertEquals(await wrapped, 3);
  // deno-lint-ignore no-explicit-any
  const thenable = { then: (resolve: any) => resolve(4) } as PromiseLike<number>;
  assertEquals(await ensureFuture(thenable), 4);
  assertEquals(await failure(ensureFuture(Promise.reject("no"))), "no");
});

Deno.test("ensureFuture: makes a promise a cancellation point, and the promise goes on", async () => {
  let resolve!: (value: string) => void;
  const promise = new Promise<string>((r) => void (resolve = r));
  const task = start(async () => await ensureFuture(promise));
  await settle();
  task.cancel();
  await ended(task);
  assertEquals(ending(task), "cancelled");
  resolve("went on");
  assertEquals(await promise, "went on");
});

Deno.test("ensureFuture: an abandoned promise that fails later is not reported", async () => {
  let reject!: (error: unknown) => void;
  const future = ensureFuture(new Promise((_, r) => void (reject = r)));
  future.cancel();
  reject(new Error("late"));
  await settle();
  assert(future.cancelled());
});

Deno.test("ensureFuture: refuses what cannot be awaited", () => {
  for (const value of [1, "text", null, undefined, {}, { then: 1 }]) {
    assertThrows(() => ensureFuture(value as never), TypeError, "Cannot make a future");
  }
});
