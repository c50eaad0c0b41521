import { assert, assertEquals, assertFalse } from "@std/assert";
import { CALL_NUMBERS, CallTable, MOST_IN_FLIGHT } from "../../lib/worker/call_table.ts";

/** Both views of one memory. */
function views(): { sender: CallTable; worker: CallTable } {
  const sender = new CallTable();
  return { sender, worker: new CallTable(sender.memory) };
}

Deno.test("A call belongs to whoever moves it on first", () => {
  const { sender, worker } = views();
  sender.announce(1);
  assertFalse(sender.begun(1));
  assertEquals(worker.claim(1), "mine");
  assert(sender.begun(1));
  assertFalse(sender.revoke(1));
  sender.announce(2);
  assert(sender.revoke(2));
  assertEquals(worker.claim(2), "revoked");
});

Deno.test("A call is asked to stop before or after it began", () => {
  const { sender, worker } = views();
  sender.announce(1);
  sender.stop(1);
  assertEquals(worker.claim(1), "stopped");
  sender.announce(2);
  worker.claim(2);
  assertFalse(worker.stopped(2));
  sender.stop(2);
  assert(worker.stopped(2));
  sender.announce(3);
  sender.revoke(3);
  sender.stop(3);
  assertEquals(worker.claim(3), "revoked");
});

Deno.test("The cell of a call serves later ones, up to the largest number", () => {
  const { sender, worker } = views();
  for (const call of [5, 5 + MOST_IN_FLIGHT + 1, CALL_NUMBERS - 1]) {
    sender.announce(call);
    assertFalse(worker.stopped(call));
    assertEquals(worker.claim(call), "mine");
    sender.stop(call);
    assert(worker.stopped(call));
    assertFalse(worker.stopped(call - MOST_IN_FLIGHT - 1));
  }
});

Deno.test("Plain results go through the ring, in order; others do not", () => {
  const { sender, worker } = views();
  const values = [1, -0, NaN, 2 ** 53, undefined, null, true, false, "", "text", "x".repeat(64)];
  values.forEach((value, i) => assert(worker.put(i, value)));
  for (const value of ["x".repeat(65), 1n, {}, [], Symbol("s")]) assertFalse(worker.put(9, value));
  const got: unknown[] = [];
  sender.drain((call, value) => got.push([call, value]));
  assertEquals(got, values.map((value, i) => [i, value]));
  sender.drain(() => assert(false));
});

Deno.test("The ring refuses what does not fit, and loses nothing as it goes round", () => {
  const { sender, worker } = views();
  let written = 0;
  let read = 0;
  const take = (call: number, value: unknown) => {
    assertEquals([call, value], [read, read * 2]);
    read++;
  };
  for (let round = 0; round < 10; round++) {
    while (worker.put(written, written * 2)) written++;
    assertEquals(written - read, MOST_IN_FLIGHT + 1);
    sender.drain(take);
    assertEquals(read, written);
  }
});

Deno.test("The doorbell is rung once until it is heard", () => {
  const { sender, worker } = views();
  assertFalse(worker.doorbellRung);
  assert(worker.ringDoorbell());
  assert(worker.doorbellRung);
  assertFalse(worker.ringDoorbell());
  sender.clearDoorbell();
  assert(worker.ringDoorbell());
});

Deno.test("Pace and thread are seen on the other side", () => {
  const { sender, worker } = views();
  assertEquals(sender.timePerCall, 0);
  worker.timePerCall = 1.5;
  worker.thread = 77;
  assertEquals(sender.timePerCall, 1.5);
  assertEquals(sender.thread, 77);
  worker.timePerCall = Infinity;
  assert(sender.timePerCall > 1_000_000);
});
