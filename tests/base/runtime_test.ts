import { assert, assertEquals } from "@std/assert";
import { onSignal, processorCount, unrefTimer } from "../../lib/base/runtime.ts";
import { isThenable } from "../../lib/base/is_thenable.ts";

Deno.test("A signal goes to who listens, until told otherwise", async () => {
  let heard = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  // Who listens to a signal does not hold the program alive.
  const alive = setInterval(() => {}, 1_000);
  const stop = onSignal("SIGHUP", () => {
    heard++;
    resolve();
  });
  // Another keeps the signal from ending the program once the first has stopped.
  const stopOther = onSignal("SIGHUP", () => {});
  Deno.kill(Deno.pid, "SIGHUP");
  await promise;
  clearInterval(alive);
  stop();
  assertEquals(heard, 1);
  stopOther();
});

Deno.test("Where a signal does not exist, to listen to it begins nothing", () => {
  const unknown = "SIGNONE" as "SIGINT";
  onSignal(unknown, () => {})();
});

Deno.test("There is at least one processor", () => {
  assert(Number.isInteger(processorCount()) && processorCount() >= 1);
});

Deno.test("A timer of either kind can be let go", () => {
  const timer = setTimeout(() => {}, 0);
  unrefTimer(timer);
  clearTimeout(timer);
  let unrefs = 0;
  unrefTimer({ unref: () => unrefs++ });
  assertEquals(unrefs, 1);
});

Deno.test("A thenable is what has a method then", () => {
  assert(isThenable(Promise.resolve()));
  assert(isThenable({ then() {} }));
  for (const other of [undefined, null, 1, "then", {}, () => {}, { then: 1 }]) {
    assert(!isThenable(other as unknown));
  }
});
