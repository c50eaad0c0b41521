import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { CancelledError, createTask, InvalidStateError, SharedEvent } from "../../mod.ts";
import { settle } from "../support/settled.ts";
import { arrived, shared } from "./shared.ts";

const ways: [string, () => SharedEvent][] = [
  ["SharedEvent", () => new SharedEvent()],
  ["SharedEvent that others know", () => shared(new SharedEvent())],
  ["SharedEvent that has arrived", () => arrived(new SharedEvent())],
];

for (const [name, make] of ways) {
  Deno.test(`${name}: wakes all who wait, in order, and nobody before`, async () => {
    const event = make();
    const log: number[] = [];
    const waits = [1, 2, 3].map((n) => createTask(() => event.wait().then(() => log.push(n))));
    await settle();
    assertEquals(log, []);
    event.set();
    await Promise.all(waits);
    assertEquals(log, [1, 2, 3]);
    assertEquals(await event.wait(), true);
  });

  Deno.test(`${name}: wakes those who waited when it was set, even if it is cleared`, async () => {
    const event = make();
    const early = event.wait();
    event.set();
    event.clear();
    const late = createTask(() => event.wait());
    assertEquals(await early, true);
    await settle();
    assertFalse(late.done());
    event.set();
    await late;
  });

  for (const index of [0, 1, 2]) {
    Deno.test(`${name}: number ${index} of three is cancelled, before or when it is set`, async () => {
      for (const when of ["before", "after"]) {
        const event = make();
        const waits = [1, 2, 3].map(() => createTask(() => event.wait()));
        await settle();
        if (when === "after") event.set();
        waits[index]!.cancel();
        await assertRejects(() => Promise.resolve(waits[index]!), CancelledError);
        event.set();
        const results = await Promise.allSettled(waits);
        const woken = results.filter(({ status }) => status === "fulfilled");
        assertEquals(woken.length, 2);
      }
    });
  }
}

Deno.test("SharedEvent: what one sets, the other hears", async () => {
  const one = new SharedEvent();
  const waiting = one.wait();
  const two = arrived(one);
  two.set();
  await waiting;
  assert(one.isSet());
  one.clear();
  const again = two.wait();
  one.set();
  await again;
});

Deno.test("SharedEvent: 100,000 wait for it", async () => {
  const event = shared(new SharedEvent());
  const waits = Array.from({ length: 100_000 }, () => event.wait());
  event.set();
  await Promise.all(waits);
});

Deno.test("SharedEvent: blocks only where that is allowed, and not for longer than told", () => {
  const event = new SharedEvent({ allowBlockingMain: true });
  assertFalse(event.waitSync(0));
  assertFalse(event.waitSync(-1));
  assertFalse(event.waitSync(2));
  event.set();
  assert(event.waitSync());
  assert(event.waitSync(0));
  assertThrows(() => new SharedEvent().waitSync(), InvalidStateError, '"wait"');
  assertThrows(() => event.waitSync("1" as never), TypeError);
  assertThrows(() => event.waitSync(NaN), RangeError);
});
