import { assert, assertEquals, assertRejects } from "@std/assert";
import { CancelledError, createTask, Future, gather, shield, sleep } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { ended, ending, failure, start } from "./helpers.ts";

Deno.test("shield: gives the result or the failure of what it shields", async () => {
  assertEquals(await shield(() => sleep(0, 1)), 1);
  assertEquals(await shield(Promise.resolve(2)), 2);
  assertEquals(await shield(createTask(() => 3)), 3);
  assertEquals(await failure(shield(() => Promise.reject("no"))), "no");
  const done = new Future<number>();
  done.setResult(4);
  assertEquals(await shield(done), 4);
});

Deno.test("shield: the waiter is cancelled, what it waits for goes on", async () => {
  const gate = new Future<string>();
  const inner = start(async () => await gate);
  const outer = start(() => shield(inner));
  await settle();
  outer.cancel();
  await ended(outer);
  assertEquals([ending(outer), ending(inner)], ["cancelled", "pending"]);
  gate.setResult("value");
  assertEquals(await inner, "value");
});

Deno.test("shield: what is shielded being cancelled itself rejects the wait", async () => {
  const inner = start(() => new Future());
  const outer = start(async () => {
    const error = await failure(shield(inner));
    await sleep(0);
    return error;
  });
  await settle();
  inner.cancel("inner");
  const error = await outer;
  assert(error instanceof CancelledError);
  assertEquals(error.message, "inner");
});

Deno.test("shield: a failure after its waiter has gone is not reported", async () => {
  const gate = new Future<void>();
  const outer = start(() =>
    shield(async () => {
      await gate;
      throw new Error("late");
    })
  );
  await settle();
  outer.cancel();
  await ended(outer);
  gate.setResult();
  await settle();
  assert(outer.cancelled());
});

Deno.test("shield: in the instant of the result a cancellation wins", async () => {
  const gate = new Future<number>();
  const outer = start(() => shield(gate));
  await settle();
  gate.setResult(1);
  outer.cancel();
  await ended(outer);
  assert(outer.cancelled());
});

Deno.test("shield: of several waiters each is cancelled by itself", async () => {
  const gate = new Future<number>();
  const waiters = [0, 1, 2].map(() => start(() => shield(gate)));
  await settle();
  waiters[1]!.cancel();
  await ended(waiters[1]!);
  gate.setResult(1);
  assertEquals(await gather(waiters, { returnExceptions: true }).then((r) => [r[0], r[2]]), [1, 1]);
  assertEquals(waiters.map(ending), ["=1", "cancelled", "=1"]);
});

Deno.test("shield: nested shields and a group of them cut the link at the first", async () => {
  const gate = new Future<string>();
  const outer = start(() => gather(() => shield(gate), () => shield(() => shield(gate))));
  await settle();
  outer.cancel();
  await ended(outer);
  assert(outer.cancelled());
  assertEquals(gate.done(), false);
  gate.setResult("kept");
  assertEquals(await gate, "kept");
});

Deno.test("shield: refuses nonsense", async () => {
  await assertRejects(() => shield(1 as never), TypeError, "received 1");
  await assertRejects(() => shield(undefined as never), TypeError, "received undefined");
});
