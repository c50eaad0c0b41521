import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createTask, ensureFuture, Future, Task } from "../../mod.ts";
import { shield, TimeoutError, waitFor } from "../../mod.ts";
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

/** A promise that counts how many times somebody asked to be called back. */
function counted() {
  let resolve!: (value: string) => void;
  const promise = new Promise<string>((r) => void (resolve = r));
  const counts = { followers: 0 };
  const then = promise.then.bind(promise);
  promise.then = ((...args: Parameters<typeof then>) => {
    counts.followers++;
    return then(...args);
  }) as typeof promise.then;
  return { promise, resolve, counts };
}

Deno.test("ensureFuture: waits given up one after the other leave one callback behind", async () => {
  const { promise, resolve, counts } = counted();
  for (let i = 0; i < 5; i++) {
    const future = ensureFuture(promise);
    future.cancel();
    assert(future.cancelled());
    const task = start(async () => await ensureFuture(promise));
    await settle();
    task.cancel();
    await ended(task);
    await assertRejects(() => waitFor(promise, 0), TimeoutError);
    const shielded = start(() => shield(promise));
    await settle();
    shielded.cancel();
    await ended(shielded);
  }
  assertEquals(counts.followers, 1);
  const side = [ensureFuture(promise), ensureFuture(promise), ensureFuture(promise)];
  assertEquals(counts.followers, 3);
  side[1]!.cancel();
  const late = ensureFuture(promise);
  assertEquals(counts.followers, 3);
  resolve("there");
  const later = ensureFuture(promise);
  assertEquals(await Promise.all([side[0], side[2], late, later]), Array(4).fill("there"));
  assert(side[1]!.cancelled());
  const settled = ensureFuture(promise);
  assert(!settled.done());
  settled.cancel();
  assertEquals(await ensureFuture(promise), "there");
});

Deno.test("ensureFuture: a wait given up after the promise has settled harms nobody", async () => {
  const { promise, resolve } = counted();
  const [first, second] = [ensureFuture(promise), ensureFuture(promise)];
  first.cancel();
  resolve("there");
  second.cancel();
  const third = ensureFuture(promise);
  const fourth = ensureFuture(promise);
  const fifth = ensureFuture(promise);
  assertEquals(await Promise.all([third, fourth, fifth]), Array(3).fill("there"));
  assert(first.cancelled() && second.cancelled());
  assertEquals(await ensureFuture(promise), "there");
});

Deno.test("ensureFuture: the result set by hand stands, whatever the promise says", async () => {
  const { promise, resolve } = counted();
  const future = ensureFuture(promise);
  future.setResult("by hand");
  assert(!future.cancel());
  resolve("too late");
  await settle();
  assertEquals(await future, "by hand");
});

Deno.test("ensureFuture: hears what calls back at once, and twice", async () => {
  const promise = new Promise<number>(() => {});
  promise.then = ((resolve: (value: number) => void) => {
    resolve(1);
    resolve(2);
  }) as never;
  assertEquals(await ensureFuture(promise), 1);
  assertEquals(await ensureFuture(promise), 1);
});

Deno.test("ensureFuture: refuses what cannot be awaited", () => {
  for (const value of [1, "text", null, undefined, {}, { then: 1 }]) {
    assertThrows(() => ensureFuture(value as never), TypeError, "Cannot make a future");
  }
});
