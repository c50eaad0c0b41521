import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { InvalidStateError, SharedCondition, SharedLock, SharedValue } from "../../mod.ts";
import { testLocking } from "../contracts/locking.ts";
import { arrived, shared } from "./shared.ts";

testLocking("SharedLock", () => new SharedLock(), { overRelease: InvalidStateError });
testLocking("SharedLock that others know", () => shared(new SharedLock()), {
  overRelease: InvalidStateError,
  crowd: 10_000,
});
testLocking("SharedLock that has arrived", () => arrived(new SharedLock()), {
  overRelease: InvalidStateError,
  crowd: 10_000,
});
testLocking("SharedLock of a SharedCondition", () => new SharedCondition(), {
  overRelease: InvalidStateError,
});
testLocking("SharedLock of a SharedValue", () => new SharedValue("int8").lock, {
  overRelease: InvalidStateError,
});

Deno.test("SharedLock: is not abandoned as long as nobody dies", async () => {
  const lock = new SharedLock();
  {
    using permit = await lock.acquire();
    assertFalse(permit.abandoned);
  }
  using permit = lock.tryAcquire();
  assert(permit !== undefined && !permit.abandoned);
});

Deno.test("SharedLock: blocks the main thread only where that is allowed", () => {
  const lock = new SharedLock();
  assertThrows(() => lock.acquireSync(), InvalidStateError, '"acquire" waits without blocking');
  assertFalse(lock.locked());
  const allowed = new SharedLock({ allowBlockingMain: true });
  {
    using permit = allowed.acquireSync();
    assertFalse(permit.abandoned);
    assert(allowed.locked());
  }
  assertFalse(allowed.locked());
});

Deno.test("SharedLock: refuses nonsense and stays free", () => {
  const lock = new SharedLock({ allowBlockingMain: true });
  assertThrows(() => lock.acquireSync("1" as unknown as number), TypeError);
  assertThrows(() => lock.acquireSync(NaN), RangeError);
  assertThrows(() => new SharedLock(5 as never), TypeError);
  assertFalse(lock.locked());
  assertEquals(lock.tryAcquire() === undefined, false);
});
