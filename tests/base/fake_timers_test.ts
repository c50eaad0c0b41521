import { assertEquals } from "@std/assert";
import { runProgram } from "../support/running_program.ts";

// The fake timers of sinon are those of jest and vitest, too. They replace the functions of
// `node:timers` besides the globals, so a program of its own begins with each.
for (const used of [false, true]) {
  const when = used ? "after" : "before";

  Deno.test(`clock: fake timers of sinon, put in place ${when} the first use, move every wait`, async () => {
    const { code, out, err } = await runProgram(`
      import FakeTimers from "npm:@sinonjs/fake-timers@15.5.0";
      import { createTask, sleep, timeout } from "$MOD";

      if (${used}) await Promise.all([sleep(0), sleep(1)]);
      const clock = FakeTimers.install();
      const log = [];
      createTask(() => sleep(1_000)).addDoneCallback(() => log.push("slept"));
      createTask(() => timeout(500, () => sleep(5_000)).catch((error) => log.push(error.name)));
      await createTask(() => sleep(0)); // a turn of the event loop is no matter of time
      for (const ms of [499, 1, 499, 1]) {
        await clock.tickAsync(ms);
        console.log(log.join());
      }
      clock.uninstall();
      await sleep(1);
      console.log("real");
    `);
    const lines = ["", "TimeoutError", "TimeoutError", "TimeoutError,slept", "real", ""];
    assertEquals([code, out, err], [0, lines.join("\n"), ""]);
  });
}
