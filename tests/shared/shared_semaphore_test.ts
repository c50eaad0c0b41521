import { assertEquals, assertThrows } from "@std/assert";
import { InvalidStateError, SharedSemaphore, TimeoutError } from "../../mod.ts";
import { testLocking } from "../contracts/locking.ts";
import { arrived, shared } from "./shared.ts";

testLocking("SharedSemaphore", () => new SharedSemaphore(), { permitsDie: false });
testLocking("SharedSemaphore that others know", () => shared(new SharedSemaphore()), {
  permitsDie: false,
  crowd: 10_000,
});
testLocking("SharedSemaphore that has arrived", () => arrived(new SharedSemaphore()), {
  permitsDie: false,
  crowd: 10_000,
});

Deno.test("SharedSemaphore: counts, and may be raised above its first value", () => {
  const semaphore = new SharedSemaphore(0);
  assertEquals(semaphore.tryAcquire(), undefined);
  semaphore.release();
  semaphore.release();
  assertEquals(semaphore.value, 2);
  semaphore.tryAcquire();
  assertEquals(semaphore.value, 1);
});

Deno.test("SharedSemaphore: refuses nonsense", () => {
  assertThrows(() => new SharedSemaphore("1" as unknown as number), TypeError);
  assertThrows(() => new SharedSemaphore(-1), RangeError);
  assertThrows(() => new SharedSemaphore(1.5), RangeError);
  assertThrows(() => new SharedSemaphore(2 ** 31), RangeError);
  const full = new SharedSemaphore(2 ** 31 - 1);
  assertThrows(() => full.release(), RangeError);
  assertThrows(() => full.acquireSync(), InvalidStateError, "acquire");
});

Deno.test("SharedSemaphore: gives up when time is over, and leaves nothing in the queue", () => {
  const semaphore = new SharedSemaphore(0, { allowBlockingMain: true });
  assertThrows(() => semaphore.acquireSync(0), TimeoutError);
  semaphore.release();
  assertEquals(semaphore.value, 1);
});
