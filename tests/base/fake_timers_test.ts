import { assertEquals } from "@std/assert";
import { runProgram } from "../support/running_program.ts";

/** How a library puts fake timers in place (`install`), moves them on (`tick`), and takes them away. */
interface FakeTimers {
  before: string;
  install: string;
  tick: string;
  uninstall: string;
}

const LIBRARIES: Record<string, FakeTimers> = {
  sinon: {
    before: `import FakeTimers from "npm:@sinonjs/fake-timers@15.5.0";`,
    install: "const clock = FakeTimers.install();",
    tick: "clock.tickAsync",
    uninstall: "clock.uninstall();",
  },
  jest: {
    before: `import { ModernFakeTimers } from "npm:@jest/fake-timers@30.5.2";
      const timers = new ModernFakeTimers({ global: globalThis, config: { fakeTimers: {} } });`,
    install: "timers.useFakeTimers();",
    tick: "timers.advanceTimersByTimeAsync",
    uninstall: "timers.useRealTimers();",
  },
  // Outside of its runner vitest has to be told that it is in a worker.
  vitest: {
    before: `const config = { fakeTimers: {} };
      globalThis.__vitest_worker__ = { config, environment: { name: "node" } };
      const { vi } = await import("npm:vitest@4.0.15");`,
    install: "vi.useFakeTimers();",
    tick: "vi.advanceTimersByTimeAsync",
    uninstall: "vi.useRealTimers();",
  },
};

// They replace the functions of `node:timers` besides the globals, so a program of its own begins
// with each.
for (const [library, { before, install, tick, uninstall }] of Object.entries(LIBRARIES)) {
  for (const used of [false, true]) {
    const when = used ? "after" : "before";

    Deno.test(`clock: fake timers of ${library}, put in place ${when} the first use, move every wait`, async () => {
      const { code, out, err } = await runProgram(`
      ${before}
      import * as strand from "$MOD";
      const { createTask, moveOnAfter, RateLimiter, sleep, timeout, wait } = strand;

      if (${used}) await Promise.all([sleep(0), sleep(1)]);
      ${install}
      const log = [];
      const note = (name, work) => createTask(work).addDoneCallback(() => log.push(name));
      const limiter = new RateLimiter(1, 750);
      limiter.tryAcquire();
      note("slept", () => sleep(1_000));
      note("late", () => timeout(500, () => sleep(5_000)).catch((error) => log.push(error.name)));
      note("moved on", () => moveOnAfter(600, () => sleep(5_000)));
      note("waited", () => wait([() => sleep(900)], { timeout: 700 }));
      note("acquired", () => limiter.acquire());
      await createTask(() => sleep(0)); // a turn of the event loop is no matter of time
      for (const ms of [499, 1, 100, 100, 50, 249, 1]) {
        await ${tick}(ms);
        console.log(log.splice(0).join());
      }
      ${uninstall}
      await sleep(1);
      console.log("real");
    `);
      const lines = [
        "",
        "TimeoutError,late",
        "moved on",
        "waited",
        "acquired",
        "",
        "slept",
        "real",
      ];
      // The first time Deno says what it fetches.
      const said = err.replace(/^.*(?:Download|Initialize).*\n/gm, "");
      assertEquals([code, out, said], [0, lines.join("\n") + "\n", ""]);
    });
  }
}
