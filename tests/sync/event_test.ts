import { assert, assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { allTasks, createTask, Event } from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";

Deno.test("Event: wakes all who wait, in order of arrival", async () => {
  const event = new Event();
  const log: number[] = [];
  const waits = [1, 2, 3].map((n) =>
    createTask(async () => {
      assertStrictEquals(await event.wait(), true);
      log.push(n);
    })
  );
  await settle();
  assertEquals(log, []);
  assertFalse(event.isSet());
  event.set();
  event.set();
  assert(event.isSet());
  await Promise.all(waits);
  assertEquals(log, [1, 2, 3]);
});

Deno.test("Event: does not wait when it is set, and waits again when cleared", async () => {
  const event = new Event();
  event.set();
  assertStrictEquals(await event.wait(), true);
  event.clear();
  event.clear();
  assertFalse(event.isSet());
  const wait = createTask(() => event.wait());
  await settle();
  assertFalse(wait.done());
  event.set();
  assertStrictEquals(await wait, true);
});

Deno.test("Event: those who were woken go on, though it is cleared before their turn", async () => {
  const event = new Event();
  const wait = createTask(() => event.wait());
  await giveWay();
  event.set();
  event.clear();
  assertStrictEquals(await wait, true);
  assertFalse(event.isSet());
});

Deno.test("Event: a wait that is cancelled leaves the others, woken or not", async () => {
  for (const woken of [false, true]) {
    for (const index of [0, 1, 2]) {
      const event = new Event();
      const waits = [1, 2, 3].map(() => createTask(() => event.wait()));
      await giveWay();
      if (woken) event.set();
      waits[index]!.cancel();
      await settle();
      event.set();
      await Promise.allSettled(waits);
      assertEquals(waits.map((wait) => wait.cancelled()), [0, 1, 2].map((i) => i === index));
    }
  }
});

Deno.test("Event: works outside any task", async () => {
  const event = new Event();
  const wait = event.wait();
  event.set();
  assertStrictEquals(await wait, true);
});

Deno.test("Event: wakes 100000 in order, with every third cancelled", async () => {
  const event = new Event();
  let last = -1, count = 0;
  const waits = Array.from({ length: 100_000 }, (_, i) =>
    createTask(async () => {
      await event.wait();
      assert(i > last);
      last = i;
      count++;
    }));
  await settle();
  for (let i = waits.length - 1; i >= 0; i--) {
    if (i % 3 === 0) waits[i]!.cancel();
  }
  event.set();
  await Promise.allSettled(waits);
  assertEquals(count, 66_666);
  assertEquals(allTasks().size, 0);
});
