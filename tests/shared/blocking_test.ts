import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import {
  InvalidStateError,
  SharedArray,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  type SharedOptions,
  SharedQueue,
  SharedSemaphore,
  SharedValue,
} from "../../mod.ts";
import { arrived } from "./shared.ts";

/** Every verb that blocks, and the one to use instead. */
const VERBS: [name: string, twin: string, call: (options?: SharedOptions) => unknown][] = [
  ["SharedLock.acquireSync", "acquire", (options) => new SharedLock(options).acquireSync(0)],
  ["SharedSemaphore.acquireSync", "acquire", (options) => {
    return new SharedSemaphore(1, options).acquireSync(0);
  }],
  ["SharedCondition.acquireSync", "acquire", (options) => {
    return new SharedCondition(undefined, options).acquireSync(0);
  }],
  ["SharedCondition.waitSync", "wait", (options) => {
    const condition = new SharedCondition(undefined, options);
    condition.tryAcquire();
    return condition.waitSync(0);
  }],
  ["SharedCondition.waitForPredicateSync", "waitForPredicate", (options) => {
    const condition = new SharedCondition(undefined, options);
    condition.tryAcquire();
    return condition.waitForPredicateSync(() => false, 0);
  }],
  ["SharedEvent.waitSync", "wait", (options) => new SharedEvent(options).waitSync(0)],
  ["SharedBarrier.waitSync", "wait", (options) => new SharedBarrier(1, options).waitSync(0)],
  ["SharedQueue.putSync", "put", (options) => new SharedQueue({ ...options }).putSync(1, 0)],
  ["SharedQueue.getSync", "get", (options) => {
    const queue = new SharedQueue<number>({ ...options });
    queue.putNowait(1);
    return queue.getSync(0);
  }],
  ["the lock of a SharedValue", "acquire", (options) => {
    return new SharedValue("int8", 0, options).lock.acquireSync(0);
  }],
  ["the lock of a SharedArray", "acquire", (options) => {
    return new SharedArray("int8", 1, options).lock.acquireSync(0);
  }],
];

for (const [name, twin, call] of VERBS) {
  Deno.test(`Blocking: ${name} is refused on the main thread, and names its twin`, () => {
    const error = assertThrows(() => call(), InvalidStateError, "would block the main thread");
    assert(error.message.includes(`"${twin}" waits without blocking`), error.message);
    assert(error.message.includes("allowBlockingMain"), error.message);
    call({ allowBlockingMain: true });
  });
}

Deno.test("Blocking: what was refused has changed nothing, and what is allowed stays so", () => {
  const lock = new SharedLock();
  assertThrows(() => lock.acquireSync(), InvalidStateError);
  assertFalse(lock.locked());
  const queue = new SharedQueue<number>({ maxsize: 2 });
  assertThrows(() => queue.putSync(1), InvalidStateError);
  assertEquals(queue.qsize(), 0);
  const event = new SharedEvent();
  event.set();
  // Also where there would be nothing to wait for: whether it is refused is not a matter of luck.
  assertThrows(() => event.waitSync(), InvalidStateError);
  using _ = arrived(new SharedLock({ allowBlockingMain: true })).acquireSync();
  assertThrows(() => arrived(lock).acquireSync(), InvalidStateError);
});
