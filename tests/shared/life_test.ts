import { assertEquals } from "@std/assert";
import { RunningProgram } from "../support/running_program.ts";

const PARCEL = new URL("../../lib/wire/shareable.ts", import.meta.url).href;

/** What a program says that makes these objects known to other threads, and does this with them. */
async function run(source: string): Promise<string> {
  await using program = new RunningProgram(`
    import { createTask, SharedBarrier, SharedCondition, SharedEvent, SharedLock, SharedQueue,
      SharedSemaphore } from "$MOD";
    import { parcel } from "${PARCEL}";
    const known = (object) => (object[parcel](), object);
    // Nothing of this keeps the program alive.
    const later = (fn) => Deno.unrefTimer(setTimeout(fn, 20));
    addEventListener("unload", () => console.log("end"));
    ${source}
  `);
  const { code, out, err } = await program.ended();
  assertEquals([code, err], [0, ""]);
  return out.trim().replaceAll("\n", " ");
}

Deno.test("Life: the program stays alive while something waits for other threads", async () => {
  assertEquals(
    await run(`
      const lock = known(new SharedLock());
      const event = known(new SharedEvent());
      const queue = known(new SharedQueue());
      const held = await lock.acquire();
      later(() => held[Symbol.dispose]());
      (await lock.acquire())[Symbol.dispose]();
      console.log("lock");
      later(() => event.set());
      await event.wait();
      console.log("event");
      later(() => queue.putNowait(1));
      await queue.get();
      console.log("queue");
      const barrier = known(new SharedBarrier(2));
      later(() => barrier.wait());
      await barrier.wait();
      console.log("barrier");
      const semaphore = known(new SharedSemaphore(0));
      later(() => semaphore.release());
      await semaphore.acquire();
      console.log("semaphore");
      const condition = known(new SharedCondition());
      await condition.acquire();
      later(async () => {
        using _ = await condition.acquire();
        condition.notify();
      });
      await condition.wait();
      console.log("condition");
      const full = known(new SharedQueue({ maxsize: 1 }));
      full.putNowait(1);
      later(() => full.getNowait());
      await full.put(2);
      console.log("room");
      later(() => (full.getNowait(), full.taskDone(), full.taskDone()));
      await full.join();
      console.log("join");
    `),
    "lock event queue barrier semaphore condition room join end",
  );
});

Deno.test("Life: it ends when nothing waits any more, and shared objects are just there", async () => {
  assertEquals(
    await run(`
      const lock = known(new SharedLock());
      const held = await lock.acquire();
      const task = createTask(() => lock.acquire());
      later(() => task.cancel());
      await Promise.allSettled([task]);
      const condition = known(new SharedCondition());
      await condition.acquire();
      const other = createTask(() => condition.wait());
      later(() => other.cancel());
      await Promise.allSettled([other]);
      const empty = known(new SharedQueue());
      const event = known(new SharedEvent());
      const last = [() => empty.get(), () => event.wait()].map((fn) => createTask(fn));
      later(() => last.forEach((task) => task.cancel()));
      await Promise.allSettled(last);
      console.log("done");
    `),
    "done end",
  );
});

Deno.test("Life: what nothing waits for does not hold the program, though it is held or full", async () => {
  assertEquals(
    await run(`
      const objects = [new SharedLock(), new SharedEvent(), new SharedCondition(),
        new SharedBarrier(2), new SharedSemaphore(0), new SharedQueue({ maxsize: 1 })];
      const [lock, , condition, , , queue] = objects.map(known);
      await lock.acquire();
      await condition.acquire();
      queue.putNowait(1);
      console.log("done");
    `),
    "done end",
  );
});
