import { assert, assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  asCompleted,
  createTask,
  Future,
  type ReturnWhen,
  sleep,
  wait,
  waitFor,
} from "../../mod.ts";
import { runToEnd } from "../support/running_process.ts";
import { settle } from "../support/settled.ts";
import { advance, ended, ending, start } from "./helpers.ts";

const fail = (ms: number) => async () => {
  await sleep(ms);
  throw new Error(`failed at ${ms}`);
};

Deno.test("wait: until all are done, by default, and raises nothing", async () => {
  using time = new FakeTime();
  const tasks = [start(() => sleep(10)), start(fail(20)), start(() => sleep(30))];
  const waiter = start(() => wait(tasks));
  await advance(time, 29);
  assertEquals(ending(waiter), "pending");
  await advance(time, 1);
  const { done, pending } = waiter.result();
  assertEquals([...done], tasks);
  assertEquals(pending.size, 0);
});

Deno.test("wait: until the first is done, the first has failed, or all are done without", async () => {
  using time = new FakeTime();
  const at = async (returnWhen: ReturnWhen, ...coros: (() => Promise<unknown>)[]) => {
    const tasks = coros.map(start);
    const waiter = start(() => wait(tasks, { returnWhen }));
    for (let ms = 0; ms <= 30 && !waiter.done(); ms += 10) await advance(time, 10);
    const { done, pending } = waiter.result();
    const shown = tasks.map((task) => done.has(task) ? "D" : pending.has(task) ? "P" : "?").join(
      "",
    );
    for (const task of tasks) task.cancel();
    await settle();
    return shown;
  };
  const value = (ms: number) => () => sleep(ms);
  assertEquals(await at("FIRST_COMPLETED", value(20), value(10), value(30)), "PDP");
  assertEquals(await at("FIRST_COMPLETED", value(20), fail(10)), "PD");
  assertEquals(await at("FIRST_EXCEPTION", value(10), fail(20), value(30)), "DDP");
  assertEquals(await at("FIRST_EXCEPTION", value(10), value(20)), "DD");
  const cancelled = async () => {
    await sleep(10);
    const gone = createTask(() => new Future());
    gone.cancel();
    await gone;
  };
  assertEquals(await at("FIRST_EXCEPTION", cancelled, value(20)), "DD");
  assertEquals(await at("ALL_COMPLETED", fail(10), value(30)), "DD");
});

Deno.test("wait: with a timeout returns as things stand, and cancels nothing", async () => {
  using time = new FakeTime();
  const tasks = [start(() => sleep(10)), start(() => sleep(30))];
  const waiter = start(() => wait(tasks, { timeout: 20 }));
  await advance(time, 20);
  const { done, pending } = waiter.result();
  assertEquals([[...done], [...pending]], [[tasks[0]], [tasks[1]]]);
  await advance(time, 10);
  assertEquals(tasks.map(ending), ["=undefined", "=undefined"]);
});

Deno.test("wait: with a timeout of 0 takes what is there", async () => {
  const there = new Future<number>();
  there.setResult(1);
  const never = new Future<number>();
  const { done, pending } = await wait([there, never], { timeout: 0 });
  assertEquals([[...done], [...pending]], [[there], [never]]);
});

Deno.test("wait: limits that are over already end in the order of their times, as in CPython", async () => {
  using _ = new FakeTime();
  const log: string[] = [];
  const never = new Future();
  const waiting = (timeout: number) => async () => {
    await wait([never], { timeout });
    log.push(`wait ${timeout}`);
  };
  const going = (timeout: number) => async () => {
    try {
      for await (const one of asCompleted([never], { timeout })) await one;
    } catch {
      log.push(`asCompleted ${timeout}`);
    }
  };
  const limited = (ms: number) => () =>
    waitFor(new Future(), ms).catch(() => log.push(`waitFor ${ms}`));
  const bodies = [waiting(0), waiting(-1), waiting(-2), waiting(0), going(0), going(-3)];
  await Promise.all(bodies.map(start));
  assertEquals(log.splice(0), [
    "asCompleted -3",
    "wait -2",
    "wait -1",
    "wait 0",
    "wait 0",
    "asCompleted 0",
  ]);
  // These take what is there in their turn, however long the limit has been over.
  await Promise.all([limited(0), limited(-1)].map(start));
  assertEquals(log, ["waitFor 0", "waitFor -1"]);
});

Deno.test("wait: with all done returns in its turn", async () => {
  const there = new Future<number>();
  there.setResult(1);
  assertEquals((await wait([there])).done.size, 1);
});

Deno.test("wait: starts functions as tasks, wraps promises, and keeps futures as they are", async () => {
  const future = new Future<number>();
  future.setResult(1);
  const { done } = await wait<number>([() => 2, Promise.resolve(3), future]);
  assertEquals([...done].map((one) => one.result()).sort(), [1, 2, 3]);
  assert(done.has(future));
});

Deno.test("wait: one given twice is one, one function twice is two", async () => {
  const future = new Future<number>();
  future.setResult(1);
  const promise = Promise.resolve(2);
  const fn = () => 3;
  assertEquals((await wait([future, promise, fn, future, promise, fn])).done.size, 4);
});

Deno.test("wait: cancelled, it leaves what it waits for alone", async () => {
  const child = createTask(() => sleep(0, "went on"));
  const waiter = start(() => wait([child, new Future<string>()]));
  await Promise.resolve();
  waiter.cancel();
  await ended(waiter);
  assert(waiter.cancelled());
  assertEquals(await child, "went on");
});

Deno.test("wait: leaves no callback behind with futures that are still pending", async () => {
  const future = new Future<number>();
  for (let i = 0; i < 3; i++) await wait([future], { timeout: 0 });
  const counted = Object.assign(() => {}, {});
  future.addDoneCallback(counted);
  assertEquals(future.removeDoneCallback(counted), 1);
  future.setResult(1);
  assertEquals((await wait([future])).done.size, 1);
});

Deno.test("wait: a timeout of null is no limit", async () => {
  using time = new FakeTime();
  const task = createTask(() => sleep(100_000, "late"));
  const waiting = wait([task], { timeout: null });
  await advance(time, 100_000);
  assertEquals((await waiting).done, new Set([task]));
});

Deno.test("wait: refuses nonsense", async () => {
  await assertRejects(() => wait([]), RangeError, "at least one");
  await assertRejects(() => wait(1 as never), TypeError, "iterable");
  await assertRejects(() => wait([1 as never]), TypeError, "received 1");
  await assertRejects(() => wait("ab" as never), TypeError, "iterable");
  const one = [Promise.resolve()];
  await assertRejects(() => wait(one, { timeout: NaN }), RangeError, "NaN");
  await assertRejects(() => wait(one, { timeout: "1" as never }), TypeError, "milliseconds");
  await assertRejects(() => wait(one, { returnWhen: "ANY" as never }), RangeError, '"ANY"');
  await assertRejects(() => wait(one, 1 as never), TypeError, "options");
});

Deno.test("wait: a promise that lives long is followed by what was left pending, looked at or not", async () => {
  let resolve!: (value: string) => void;
  const promise = new Promise<string>((r) => void (resolve = r));
  const left: Future<string>[] = [];
  const seen: string[] = [];
  for (let i = 0; i < 20; i++) {
    const { pending } = await wait([promise, Promise.resolve("now")], {
      returnWhen: "FIRST_COMPLETED",
    });
    const [future] = pending;
    if (i % 4 === 0) left.push(future!);
    if (i % 4 === 1) start(async () => seen.push(await future!));
    if (i % 4 === 2) future!.addDoneCallback((done) => seen.push(done.result()));
    if (i % 8 === 3) future!.cancel();
  }
  await settle();
  resolve("late");
  await settle();
  assertEquals(left.map((future) => future.result()), Array(5).fill("late"));
  assertEquals(seen, Array(10).fill("late"));
});

Deno.test("wait: rounds with one promise that lives long leave nothing behind", async () => {
  const { code, out, err } = await runToEnd([
    "eval",
    "--ext=ts",
    "--v8-flags=--expose-gc",
    `import { wait } from "${new URL("../../mod.ts", import.meta.url).href}";
    const heap = () => (globalThis.gc(), Deno.memoryUsage().heapUsed);
    const closed = new Promise(() => {});
    const go = async () => {
      for (let i = 0; i < 20_000; i++) {
        await wait([closed, Promise.resolve()], { returnWhen: "FIRST_COMPLETED" });
        // What nobody holds any more is found once the collector has run.
        if (i % 1_000 === 0) await new Promise((done) => setTimeout(done)), globalThis.gc();
      }
    };
    await go();
    const before = heap();
    await go();
    console.log((heap() - before) / 20_000 < 40);`,
  ]);
  assertEquals([code, out, err], [0, "true\n", ""]);
});
