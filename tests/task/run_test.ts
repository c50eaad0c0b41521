import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  currentTask,
  Future,
  InvalidStateError,
  run,
  sleep,
  type Task,
  TaskGroup,
} from "../../mod.ts";
import { RunningProgram, runProgram } from "../support/running_program.ts";
import { ended, failure, waiting } from "./helpers.ts";

Deno.test("run: gives what main gives, and rejects with what it throws", async () => {
  assertEquals(await run(() => 1), 1);
  assertEquals(await run(() => sleep(0, "value")), "value");
  const error = new Error("no");
  assertEquals(await failure(run(() => Promise.reject(error))), error);
  assertEquals(
    await failure(run(() => {
      throw error;
    })),
    error,
  );
  assertEquals(await failure(run(() => Promise.reject(undefined))), undefined);
});

Deno.test("run: main is a task, which gets its own signal", async () => {
  await run((signal) => {
    assertEquals(currentTask()!.name, "main");
    assertEquals(signal, currentTask()!.signal);
    assert(allTasks().has(currentTask()!));
  });
  assertEquals(currentTask(), undefined);
});

Deno.test("run: refuses nonsense before anything has happened", async () => {
  await assertRejects(() => run(1 as never), TypeError, "main must be a function");
  await assertRejects(() => run(Promise.resolve() as never), TypeError, "main");
  let ran = false;
  const main = () => void (ran = true);
  await assertRejects(() => run(main, 1 as never), TypeError, "options must be an object");
  await assertRejects(
    () => run(main, { handleSignals: 1 as never }),
    TypeError,
    "handleSignals must be a boolean or an array of signals, received 1",
  );
  const refused = (options: object, message: string) =>
    assertRejects(() => run(main, options), Error, message);
  await refused({ handleSignals: ["SIGKILL"] }, 'received "SIGKILL"');
  await refused({ gracePeriod: "1" }, "gracePeriod must be a number of milliseconds");
  await refused({ gracePeriod: NaN }, "received NaN");
  await refused({ signal: 1 }, "signal must be an AbortSignal, received 1");
  await refused({ debug: 1 }, "debug must be a boolean, received 1");
  await refused({ handleSignal: true }, 'unknown option "handleSignal"; known are handleSignals');
  await sleep(0);
  assertEquals(ran, false);
});

Deno.test("run: inside a running run is refused, however deep", async () => {
  const refused = () =>
    assertRejects(() => run(() => {}), InvalidStateError, "inside a running run");
  await run(async () => {
    await refused();
    await createTask(refused);
    await TaskGroup.run((group) => void group.createTask(refused));
  });
  assertEquals(await run(() => "again"), "again");
});

Deno.test("run: one after the other and side by side work", async () => {
  for (let i = 0; i < 3; i++) assertEquals(await run(() => sleep(0, i)), i);
  const gate = new Future<void>();
  const both = Promise.all([run(() => gate), run(() => gate.setResult())]);
  await both;
});

Deno.test("run: cancels and awaits what is still alive when main has ended", async () => {
  const seen: string[] = [];
  const value = await run(async () => {
    for (const name of ["a", "b"]) {
      createTask(async () => {
        try {
          await new Future();
        } catch (error) {
          assert(error instanceof CancelledError);
          seen.push(`${name} ${error.message}`);
          await sleep(0);
          seen.push(`${name} cleaned up`);
        }
      });
    }
    await sleep(0);
    return "value";
  });
  assertEquals(value, "value");
  assertEquals(seen, [
    "a The program is ending",
    "b The program is ending",
    "a cleaned up",
    "b cleaned up",
  ]);
});

Deno.test("run: cancels what is still alive when main has failed, too", async () => {
  let cleaned = false;
  const error = await failure(run(async () => {
    createTask(async () => {
      try {
        await new Future();
      } finally {
        cleaned = true;
      }
    });
    await sleep(0);
    throw new Error("main");
  }));
  assertEquals((error as Error).message, "main");
  assert(cleaned);
});

Deno.test("run: a task made in the last step of main still begins, as in asyncio", async () => {
  const seen: string[] = [];
  await run(() =>
    void createTask(async () => {
      seen.push("begun");
      await new Future().catch((error) => seen.push((error as Error).name));
    })
  );
  assertEquals(seen, ["begun", "CancelledError"]);
});

Deno.test("run: tasks made while the rest ends are cancelled as well", async () => {
  const seen: string[] = [];
  const nest = (depth: number) => async () => {
    try {
      await new Future();
    } finally {
      seen.push(`depth ${depth}`);
      if (depth < 3) {
        createTask(nest(depth + 1));
        await sleep(0);
      }
    }
  };
  await run(async () => {
    createTask(nest(0));
    await sleep(0);
  });
  assertEquals(seen, ["depth 0", "depth 1", "depth 2", "depth 3"]);
});

Deno.test("run: a task that swallows its cancellation is waited for", async () => {
  let ended = false;
  await run(async () => {
    createTask(async () => {
      await new Future().catch(() => {});
      await sleep(0);
      ended = true;
    });
    await sleep(0);
  });
  assert(ended);
});

/** Calls `fn` as the runtime calls a handler of a server: in no context at all. */
async function callInNoContext(fn: () => void): Promise<void> {
  const controller = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, signal: controller.signal },
    () => {
      fn();
      return new Response();
    },
  );
  await (await fetch(`http://127.0.0.1:${server.addr.port}/`)).text();
  controller.abort();
  await server.finished;
}

Deno.test("run: tasks of a handler that is called in no task are of the only run that is open", async () => {
  const seen: string[] = [];
  let task: Task<void> | undefined;
  await run(() => callInNoContext(() => task = createTask(waiting(seen, "handler"))));
  assert(task!.cancelled());
  assertEquals(seen, ["handler CancelledError"]);
});

Deno.test("run: with several side by side, tasks of a handler are of none", async () => {
  const over = new Future<void>();
  let task: Task<void> | undefined;
  await Promise.all([
    run(() => over),
    run(async () => {
      await callInNoContext(() => task = createTask(waiting([], "handler")));
      over.setResult();
    }),
  ]);
  assertEquals(task!.done(), false);
  task!.cancel();
  await ended(task!);
});

Deno.test("run: what an ended task left behind is of the run that the task was of", async () => {
  // One after the other, so that numbers are used again; side by side, so that they are mixed.
  for (let round = 0; round < 3; round++) {
    const ends = [0, 1, 2].map(() => new Future<void>());
    const tasks: Task<void>[] = [];
    const runs = ends.map((end, index) =>
      run(async () => {
        const left = new Future<void>();
        await createTask(() => {
          setTimeout(() => {
            tasks[index] = createTask(() => new Future<void>());
            left.setResult();
          });
        });
        await left;
        await end;
      })
    );
    while (tasks.filter(Boolean).length < 3) await sleep(0);
    for (const last of [1, 0, 2]) {
      ends[last]!.setResult();
      await runs[last];
      assert(tasks[last]!.cancelled());
      if (last === 1) {
        assertEquals([tasks[0], tasks[2]].map((task) => task!.done()), [false, false]);
      }
    }
  }
});

Deno.test("run: what a task left behind when its run has ended is of no run, also not of the next", async () => {
  const next = new Future<void>();
  let task: Task<void> | undefined;
  await run(async () => {
    await createTask(() => {
      setTimeout(async () => {
        await next;
        task = createTask(() => new Future<void>());
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
  await run(async () => {
    next.setResult();
    while (task === undefined) await sleep(0);
  });
  assertEquals(task!.done(), false);
  task!.cancel();
  await ended(task!);
});

Deno.test("run: more runs side by side than can be told apart keep their own tasks all the same", async () => {
  const end = new Future<void>();
  const tasks: Task<void>[] = [];
  const runs = Array.from({ length: 70 }, () =>
    run(async () => {
      tasks.push(createTask(() => new Future<void>()));
      await end;
    }));
  while (tasks.length < 70) await sleep(0);
  end.setResult();
  await Promise.all(runs);
  assert(tasks.every((task) => task.cancelled()));
});

Deno.test("run: tasks in groups and in callbacks are its tasks; those from before are not", async () => {
  const outside = createTask(() => new Future());
  const names: string[] = [];
  const waiting = (name: string) => async () => {
    try {
      await new Future();
    } finally {
      names.push(name);
    }
  };
  await run(async () => {
    createTask(() => TaskGroup.run((group) => void group.createTask(waiting("in a group"))));
    setTimeout(() => createTask(waiting("from a timer")), 0);
    queueMicrotask(() => createTask(waiting("from a microtask")));
    await new Promise((resolve) => setTimeout(resolve, 0));
    await sleep(0);
    assert(allTasks().has(outside));
  });
  assertEquals(names.sort(), ["from a microtask", "from a timer", "in a group"]);
  assertEquals(outside.done(), false);
  assertEquals([...allTasks()], [outside]);
  outside.cancel();
  await Promise.allSettled([outside]);
});

Deno.test("run: cancelling main from inside rejects with CancelledError", async () => {
  await assertRejects(
    () =>
      run(async () => {
        currentTask()!.cancel("enough");
        await sleep(60_000);
      }),
    CancelledError,
    "enough",
  );
});

Deno.test("run: called inside a task of the program outside, it is no wait of that task", async () => {
  let cleaned = false;
  const gate = new Future<void>();
  const outer = createTask(async () => {
    await run(async () => {
      await gate;
      cleaned = true;
    });
  });
  await sleep(0);
  outer.cancel();
  await sleep(0);
  gate.setResult();
  await Promise.allSettled([outer]);
  assert(cleaned);
});

Deno.test("run: leaves no signal listener behind", async () => {
  const { addSignalListener, removeSignalListener } = Deno;
  const listeners: (() => void)[] = [];
  let most = 0;
  Deno.addSignalListener = (_, listener) => {
    listeners.push(listener);
    most = Math.max(most, listeners.length);
  };
  Deno.removeSignalListener = (_, listener) => {
    listeners.splice(listeners.indexOf(listener), 1);
  };
  try {
    await run(() => {});
    await failure(run(() => Promise.reject(new Error())));
    assertEquals([most, listeners.length], [3, 0]); // SIGINT, SIGTERM, SIGQUIT
    await run(() => assertEquals(listeners, []), { handleSignals: false });
    await run(() => assertEquals(listeners.length, 1), { handleSignals: ["SIGTERM"] });
    Deno.addSignalListener = () => {
      throw new TypeError("no signals here");
    };
    assertEquals(await run(() => 1), 1);
  } finally {
    Object.assign(Deno, { addSignalListener, removeSignalListener });
  }
});

Deno.test("run: a task that fails while it is cleaned up is reported", async () => {
  const { code, out, err } = await runProgram(`
    import { createTask, Future, run, sleep } from "$MOD";
    addEventListener("unhandledrejection", (event) => {
      event.preventDefault();
      console.log("unhandled", event.reason.message);
    });
    console.log(await run(async () => {
      createTask(async () => {
        try { await new Future(); } finally { throw new Error("clean-up"); }
      });
      await sleep(0);
      return "value";
    }));
  `);
  assertEquals({ code, out, err }, { code: 0, out: "value\nunhandled clean-up\n", err: "" });
});

Deno.test("run: a failure of main ends the program with its stack and exit code 1", async () => {
  const { code, out, err } = await runProgram(`
    import { run, sleep } from "$MOD";
    async function culprit() { await sleep(0); throw new RangeError("broken"); }
    await run(async () => {
      try { await culprit(); } finally { console.log("finally"); }
    });
  `);
  assertEquals([code, out], [1, "finally\n"]);
  assertStringIncludes(err, "RangeError: broken");
  assertStringIncludes(err, "at culprit");
});

Deno.test("run, Ctrl-C: during a sleep, the finally blocks run, and the exit code is 130", async () => {
  await using program = new RunningProgram(`
    import { createTask, run, sleep, TaskGroup } from "$MOD";
    const waiting = (name) => async () => {
      try {
        await sleep(2 ** 40);
      } catch (error) {
        console.log(name, error.name, error.message);
        throw error;
      } finally {
        await sleep(0);
        console.log(name, "cleaned up");
      }
    };
    await run(async () => {
      createTask(waiting("background"));
      await TaskGroup.run(async (group) => {
        group.createTask(waiting("child"));
        await sleep(0);
        console.log("ready");
        await waiting("main")();
      });
    });
    console.log("never");
  `);
  await program.says("ready");
  program.kill("SIGINT");
  const { code, out, err } = await program.ended();
  assertEquals(out.split("\n"), [
    "ready",
    "main CancelledError Interrupted",
    "main cleaned up",
    "child CancelledError Interrupted",
    "child cleaned up",
    "background CancelledError The program is ending",
    "background cleaned up",
    "",
  ]);
  assertEquals([code, err], [130, ""]);
});

Deno.test("run, Ctrl-C: a second one during the clean-up ends the program at once", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    await run(async () => {
      console.log("ready");
      try {
        await sleep(2 ** 40);
      } finally {
        console.log("cleaning up");
        await sleep(2 ** 40);
        console.log("never");
      }
    });
  `);
  await program.says("ready");
  program.kill("SIGINT");
  await program.says("cleaning up");
  program.kill("SIGINT");
  const { code, out, err } = await program.ended();
  assertEquals([code, out], [130, "ready\ncleaning up\n"]);
  assertStringIncludes(err, 'task "main" asked to stop');
});

Deno.test("run, SIGTERM: cancels main, which cleans up; the exit code is 143", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    await run(async () => {
      console.log("ready");
      try {
        await sleep(2 ** 40);
      } finally {
        await sleep(0);
        console.log("cleaned up");
      }
    });
  `);
  await program.says("ready");
  program.kill("SIGTERM");
  const { code, out, err } = await program.ended();
  assertEquals([code, out, err], [143, "ready\ncleaned up\n", ""]);
});

Deno.test("run: the end of gracePeriod ends the program, and names what was still waiting", async () => {
  await using program = new RunningProgram(`
    import { createTask, run, sleep } from "$MOD";
    await run(async () => {
      createTask(() => new Promise(() => {}), { name: "stubborn" });
      console.log("ready");
      try {
        await sleep(2 ** 40);
      } finally {
        await new Promise(() => {});
      }
    }, { gracePeriod: 20 });
  `);
  await program.says("ready");
  program.kill("SIGTERM");
  const { code, out, err } = await program.ended();
  assertEquals([code, out], [143, "ready\n"]);
  assertStringIncludes(err, 'task "stubborn" in a promise that is not the library\'s');
});

Deno.test("run, SIGQUIT: prints what runs, and goes on", async () => {
  await using program = new RunningProgram(`
    import { Event, run, sleep } from "$MOD";
    await run(async () => {
      const never = new Event();
      console.log("ready");
      setTimeout(() => {}, 2 ** 30);
      await never.wait();
    });
  `);
  await program.says("ready");
  program.kill("SIGQUIT");
  program.kill("SIGQUIT");
  await new Promise((resolve) => setTimeout(resolve, 50));
  program.kill("SIGINT");
  const { code, out, err } = await program.ended();
  assertEquals([code, out], [130, "ready\n"]);
  assertStringIncludes(err, 'task "main" waiting');
  assertStringIncludes(err, "for Event");
});

Deno.test("run: signal cancels main with its reason; aborted already, main never runs", async () => {
  const controller = new AbortController();
  const running = run(() => sleep(2 ** 40), { signal: controller.signal });
  await sleep(0);
  controller.abort("enough");
  const error = await assertRejects(() => running, CancelledError);
  assertEquals(error.message, "enough");
  let ran = false;
  const never = run(() => void (ran = true), { signal: AbortSignal.abort() });
  await assertRejects(() => never, CancelledError);
  assertEquals(ran, false);
});

Deno.test("run, debug: says where tasks were created, and which the end cuts off", async () => {
  const { code, err } = await runProgram(`
    import { createTask, printTaskTree, run, sleep } from "$MOD";
    await run(async () => {
      createTask(function leftOver() { return sleep(2 ** 40); }, { name: "left over" });
      await sleep(0);
      printTaskTree();
    }, { debug: true });
  `);
  assertEquals(code, 0);
  assertStringIncludes(err, "created at ");
  assertStringIncludes(err, "the end of run cuts off what still runs");
  assertStringIncludes(err, 'task "left over" waiting');
});

Deno.test("run, Ctrl-C: when main has ended and the rest cleans up, it ends the program", async () => {
  await using program = new RunningProgram(`
    import { createTask, run, sleep } from "$MOD";
    await run(async () => {
      createTask(async () => {
        try {
          await sleep(2 ** 40);
        } finally {
          console.log("cleaning up");
          await sleep(2 ** 40);
        }
      });
      await sleep(0);
    });
  `);
  await program.says("cleaning up");
  program.kill("SIGINT");
  assertEquals((await program.ended()).code, 130);
});

Deno.test("run, Ctrl-C: a main that swallows it goes on and ends as it will", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    console.log(await run(async () => {
      console.log("ready");
      await sleep(2 ** 40).catch(() => {});
      await sleep(0);
      return "value";
    }));
  `);
  await program.says("ready");
  program.kill("SIGINT");
  const { code, out } = await program.ended();
  assertEquals([code, out], [0, "ready\nvalue\n"]);
});

Deno.test("run, Ctrl-C: a main whose clean-up fails ends with that failure", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    await run(async () => {
      console.log("ready");
      try { await sleep(2 ** 40); } finally { throw new Error("clean-up"); }
    });
  `);
  await program.says("ready");
  program.kill("SIGINT");
  const { code, err } = await program.ended();
  assertEquals(code, 1);
  assertStringIncludes(err, "Error: clean-up");
});

Deno.test("run, Ctrl-C: before main has waited, and in a busy main, its next wait takes it", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    await run(async () => {
      console.log("ready");
      let told = false;
      Deno.addSignalListener("SIGINT", () => told = true);
      while (!told) await new Promise((resolve) => setTimeout(resolve, 0));
      console.log("told");
      try { await sleep(2 ** 40); } catch (error) { console.log(error.name); throw error; }
    });
  `);
  await program.says("ready");
  program.kill("SIGINT");
  const { code, out } = await program.ended();
  assertEquals([code, out], [130, "ready\ntold\nCancelledError\n"]);
});

Deno.test("run, Ctrl-C: without handleSignals it is the program's own affair", async () => {
  const source = (extra: string) => `
    import { run, sleep } from "$MOD";
    ${extra}
    await run(async () => {
      console.log("ready");
      try { await sleep(2 ** 40); } finally { console.log("finally"); }
    }, { handleSignals: false });
  `;
  await using killed = new RunningProgram(source(""));
  await killed.says("ready");
  killed.kill("SIGINT");
  const { signal, out } = await killed.ended();
  assertEquals([signal, out], ["SIGINT", "ready\n"]);
  await using handled = new RunningProgram(
    source(`Deno.addSignalListener("SIGINT", () => Deno.exit(7));`),
  );
  await handled.says("ready");
  handled.kill("SIGINT");
  assertEquals((await handled.ended()).code, 7);
});

Deno.test("run, Ctrl-C: of two runs side by side, both clean up", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    const main = (name, turns) => async () => {
      console.log(name, "ready");
      try {
        await sleep(2 ** 40);
      } finally {
        for (let i = 0; i < turns; i++) await sleep(0);
        console.log(name, "cleaned up");
      }
    };
    await Promise.all([run(main("a", 1)), run(main("b", 50))]);
  `);
  await program.says("b ready");
  program.kill("SIGINT");
  const { code, out, err } = await program.ended();
  assertEquals(out, "a ready\nb ready\na cleaned up\nb cleaned up\n");
  assertEquals([code, err], [130, ""]);
});

Deno.test("run, Ctrl-C: a request in flight is answered before the program ends", async () => {
  await using program = new RunningProgram(`
    import { run, sleep } from "$MOD";
    await run(async () => {
      const server = Deno.serve({
        port: 0,
        hostname: "127.0.0.1",
        onListen: ({ port }) => console.log("port", port),
      }, async () => {
        console.log("in flight");
        await Deno.stdin.read(new Uint8Array(1));
        return new Response("finished");
      });
      try {
        await sleep(Infinity);
      } finally {
        console.log("closing");
        await server.shutdown();
        console.log("closed");
      }
    });
  `);
  const port = (await program.says("port")).trim();
  const response = fetch(`http://127.0.0.1:${port}/`);
  await program.says("in flight");
  program.kill("SIGINT");
  await program.says("closing");
  await program.tell("\n");
  assertEquals(await (await response).text(), "finished");
  const { code, signal, out } = await program.ended();
  assertStringIncludes(out, "closing\nclosed\n");
  assertEquals([code, signal], [130, null]);
});
