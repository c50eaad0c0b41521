import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  Connection,
  createTask,
  currentTask,
  InvalidStateError,
  pipe,
  sleep,
} from "../../mod.ts";
import { pack, survey, unpack } from "../../lib/wire/packing.ts";
import { settle } from "../support/settled.ts";

/** Send an end to another thread and back, as far as it can tell. */
function move<T>(end: Connection<T>): Connection<T> {
  const transfer: Transferable[] = [];
  assert(survey([end]) < 0);
  return unpack(structuredClone(pack(end, transfer), { transfer })) as Connection<T>;
}

/** Close both ends, and let the ports go. */
async function close(...ends: Connection<unknown>[]): Promise<void> {
  for (const end of ends) end.close();
  await settle();
}

Deno.test("What is sent into one end comes out of the other, in order, both ways", async () => {
  const [a, b] = pipe<unknown>();
  for (let i = 0; i < 100; i++) {
    await a.send(i);
    await b.send(-i);
  }
  for (let i = 0; i < 100; i++) {
    assertEquals(await b.recv(), i);
    assertEquals(await a.recv(), -i);
  }
  await close(a, b);
});

Deno.test("Values are copied, buffers of the list move, errors keep their class", async () => {
  const [a, b] = pipe<unknown>();
  const value = { list: [1, { deep: true }], date: new Date(3), big: 5n };
  await a.send(value);
  assertEquals(await b.recv(), value);
  const bytes = new Uint8Array([1, 2, 3]);
  await a.send(bytes, [bytes.buffer]);
  assertEquals(bytes.length, 0);
  assertEquals(await b.recv(), new Uint8Array([1, 2, 3]));
  await a.send([new RangeError("far")]);
  assertInstanceOf((await b.recv() as unknown[])[0], RangeError);
  await close(a, b);
});

Deno.test("recv waits; waiters are served first come, first served", async () => {
  const [a, b] = pipe<number>();
  const waiting = [b.recv(), b.recv(), b.recv()];
  await settle();
  for (const n of [1, 2, 3]) await a.send(n);
  assertEquals(await Promise.all(waiting), [1, 2, 3]);
  await close(a, b);
});

Deno.test("Of three that wait, one is cancelled: the others get what comes, nothing is lost", async () => {
  for (const victim of [0, 1, 2]) {
    const [a, b] = pipe<number>();
    const tasks = [0, 1, 2].map(() => createTask(() => b.recv()));
    await settle();
    tasks[victim]!.cancel();
    await a.send(1);
    await a.send(2);
    const results = await Promise.allSettled(tasks);
    const got = results.flatMap((r) => r.status === "fulfilled" ? [r.value] : []);
    assertEquals(got, [1, 2]);
    assert(tasks[victim]!.cancelled());
    await close(a, b);
  }
});

Deno.test("A value that was handed to a task cancelled in that instant goes to the next", async () => {
  const [a, b] = pipe<number>();
  const [c] = [createTask(() => b.recv())];
  await settle();
  await a.send(7);
  // The value arrives in a turn of its own; the cancellation is as early as it can be after that.
  while (!(await b.poll(0)) && !c.done()) c.cancel();
  const results = await Promise.allSettled([c]);
  if (results[0]!.status === "rejected") assertEquals(await b.recv(), 7);
  await close(a, b);
});

Deno.test("What was sent before the close can be received; then iteration ends, recv rejects", async () => {
  const [a, b] = pipe<number>();
  await a.send(1);
  await a.send(2);
  a.close();
  assertEquals(await b.recv(), 1);
  assertEquals(await Array.fromAsync(b), [2]);
  await assertRejects(() => b.recv(), InvalidStateError, "the other end is closed");
  await assertRejects(() => b.send(1), InvalidStateError, "the other end is closed");
  assert(await b.poll());
  await close(b);
});

Deno.test("Those that wait when the other end is closed are told", async () => {
  const [a, b] = pipe<number>();
  const waiting = b.recv();
  const polling = b.poll(Infinity);
  const iterating = Array.fromAsync(b);
  await settle();
  a.close();
  await assertRejects(() => waiting, InvalidStateError, "the other end is closed");
  assertEquals(await polling, true);
  assertEquals(await iterating, []);
  await close(b);
});

Deno.test("A closed end refuses everything; closing twice is closing once", async () => {
  const [a, b] = pipe<number>();
  const waiting = a.recv();
  a.close();
  a.close();
  assert(a.closed);
  await assertRejects(() => waiting, InvalidStateError, "this end was closed");
  await assertRejects(() => a.send(1), InvalidStateError, "Cannot send: this end is closed");
  await assertRejects(() => a.recv(), InvalidStateError, "Cannot receive: this end is closed");
  await assertRejects(() => a.poll(), InvalidStateError, "Cannot poll: this end is closed");
  await assertRejects(() => Array.fromAsync(a), InvalidStateError);
  {
    using end = b;
    assertFalse(end.closed);
  }
  assert(b.closed);
  await settle();
});

Deno.test("poll tells whether there is something, without taking it", async () => {
  using time = new FakeTime();
  const [a, b] = pipe<number>();
  assertFalse(await b.poll());
  await a.send(1);
  assert(await b.poll());
  assert(await b.poll());
  assertEquals(await b.recv(), 1);
  const waiting = b.poll(100);
  await settle();
  time.tick(99);
  await settle();
  time.tick(1);
  assertFalse(await waiting);
  const lucky = b.poll(100);
  await a.send(2);
  assert(await lucky);
  assertEquals(await b.recv(), 2);
  await close(a, b);
});

Deno.test("A task that polls can be cancelled, and leaves no timer", async () => {
  const [a, b] = pipe<number>();
  const task = createTask(() => b.poll(1_000_000));
  await settle();
  task.cancel();
  await assertRejects(() => Promise.resolve(task), CancelledError);
  await close(a, b);
});

Deno.test("An end that moves finds what was sent before, and is closed here", async () => {
  const [a, b] = pipe<number>();
  await a.send(1);
  const moved = move(b);
  await a.send(2);
  assertEquals(await moved.recv(), 1);
  assertEquals(await moved.recv(), 2);
  await moved.send(3);
  assertEquals(await a.recv(), 3);
  assert(b.closed);
  await assertRejects(() => b.recv(), InvalidStateError, "has moved to another thread");
  await close(a, moved);
});

Deno.test("An end that was used does not move", async () => {
  const [a, b] = pipe<number>();
  await a.send(1);
  assertThrows(() => pack(a, []), InvalidStateError, "it was used in this thread");
  assertEquals(await b.recv(), 1);
  assertThrows(() => pack({ end: b }, []), InvalidStateError, "it was used in this thread");
  await close(a, b);
  assertThrows(() => pack(a, []), InvalidStateError, "this end is closed");
});

Deno.test("Ends cross through pipes", async () => {
  const [a, b] = pipe<unknown>();
  const [c, d] = pipe<number>();
  await a.send({ end: d });
  const { end } = await b.recv() as { end: Connection<number> };
  assertInstanceOf(end, Connection);
  await end.send(5);
  assertEquals(await c.recv(), 5);
  await close(a, b, c, end);
});

Deno.test("What cannot be cloned is named, and nothing is harmed", async () => {
  const [a, b] = pipe<unknown>();
  await assertRejects(
    () => a.send([() => 1]),
    TypeError,
    "Cannot send the value: [0] is a function and cannot be cloned",
  );
  await a.send("fine");
  assertEquals(await b.recv(), "fine");
  await close(a, b);
});

Deno.test("Wrong arguments are refused", async () => {
  const [a, b] = pipe<unknown>();
  // deno-lint-ignore no-explicit-any
  const any = a as any;
  await assertRejects(() => any.send(1, 5), TypeError, "transfer must be an array");
  await assertRejects(() => any.send(1, [5]), TypeError, "transfer must hold objects");
  await assertRejects(() => any.poll("soon"), TypeError, "timeoutMs must be a number");
  await assertRejects(() => any.poll(NaN), RangeError);
  assertThrows(() => new any.constructor(), TypeError, "use pipe");
  await close(a, b);
});

Deno.test("100,000 messages cross in order", async () => {
  const [a, b] = pipe<number>();
  const sending = (async () => {
    for (let i = 0; i < 100_000; i++) {
      await a.send(i);
      if (i % 1_000 === 0) await sleep(0);
    }
    a.close();
  })();
  let next = 0;
  for await (const n of b) assertEquals(n, next++);
  assertEquals(next, 100_000);
  await sending;
  await close(b);
});

Deno.test("A message that was handed to a cancelled wait comes before those that follow it", async () => {
  const [a, b] = pipe<number>();
  for (const n of [1, 2, 3]) await a.send(n);
  assert(await b.poll(1_000_000));
  await settle();
  const task = createTask(async () => {
    const received = b.recv();
    currentTask()!.cancel();
    await received;
  });
  await assertRejects(() => Promise.resolve(task), CancelledError);
  assertEquals([await b.recv(), await b.recv(), await b.recv()], [1, 2, 3]);
  await close(a, b);
});
