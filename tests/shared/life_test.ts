import { assertEquals } from "@std/assert";
import { RunningProgram } from "../support/running_program.ts";

const PARCEL = new URL("../../lib/wire/shareable.ts", import.meta.url).href;

/** What a program says that makes these objects known to other threads, and does this with them. */
async function run(source: string): Promise<string> {
  await using program = new RunningProgram(`
    import { createTask, SharedBarrier, SharedCondition, SharedEvent, SharedLock, SharedQueue }
      from "$MOD";
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
    `),
    "lock event queue barrier end",
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
      console.log("done");
    `),
    "done end",
  );
});
