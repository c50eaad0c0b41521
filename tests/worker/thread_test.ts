import { assert, assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  CancelledError,
  createTask,
  InvalidStateError,
  SharedValue,
  Thread,
  WorkerCrashedError,
} from "../../mod.ts";
import { RunningProgram } from "../support/running_program.ts";
import { settle } from "../support/settled.ts";
import { Collatz } from "./fixtures/threads.ts";
import { blockAtGate, Gate } from "./helpers.ts";

Deno.test("Thread: from its start to its result", async () => {
  const gate = new Gate();
  const thread = new Thread(blockAtGate, { args: [gate.words], name: "gatekeeper" });
  assertEquals(
    [thread.name, thread.ident, thread.exitcode, thread.isAlive(), thread.daemon],
    ["gatekeeper", null, null, false, false],
  );
  thread.start();
  assert(typeof thread.ident === "number");
  assert(thread.isAlive());
  assertEquals(thread.exitcode, null);
  await gate.reached();
  await thread.join(0);
  assert(thread.isAlive());
  gate.open();
  await thread.join();
  assertFalse(thread.isAlive());
  assertEquals(thread.exitcode, 0);
  assertEquals(await thread.result(), "through");
  await thread.join();
});

Deno.test("Thread: a target that is async, and one that takes shared objects", async () => {
  const counter = new SharedValue("int32", 0);
  const threads = [1, 2, 3].map((n) =>
    new Thread(async (counter: SharedValue<"int32">, n: number) => {
      for (let i = 0; i < 1_000; i++) counter.add(n);
      return await Promise.resolve(n);
    }, { args: [counter, n] })
  );
  for (const thread of threads) thread.start();
  assertEquals(await Promise.all(threads.map((thread) => thread.result())), [1, 2, 3]);
  await Promise.all(threads.map((thread) => thread.join()));
  assertEquals(counter.value, 6_000);
  assertEquals(new Set(threads.map(({ ident }) => ident)).size, 3);
  assertEquals(new Set(threads.map(({ name }) => name)).size, 3);
});

Deno.test("Thread: a subclass with run, registered or self-contained", async () => {
  const collatz = new Collatz(27);
  collatz.start();
  assertEquals(await collatz.result(), 111);
  assertEquals(collatz.name, "collatz 27");
  await collatz.join();
  class Greeter extends Thread<string> {
    greeting = "hello";
    constructor(readonly whom: string) {
      super();
    }
    override async run() {
      return await Promise.resolve(`${this.greeting} ${this.whom} from ${this.name}`);
    }
  }
  const greeter = new Greeter("you");
  greeter.start();
  assertEquals(await greeter.result(), `hello you from ${greeter.name}`);
  await greeter.join();
});

Deno.test("Thread: what the target throws reaches result, and the exit code is 1", async () => {
  const thread = new Thread(() => {
    throw new RangeError("out of it");
  });
  thread.start();
  await assertRejects(() => thread.result(), RangeError, "out of it");
  await thread.join();
  assertEquals(thread.exitcode, 1);
});

/** How a thread may end without giving a result, and its exit code as CPython 3.13 has it. */
const ends: [string, number, () => unknown][] = [
  ["an error in a timer", 1, () => {
    setTimeout(() => {
      throw new Error("late");
    });
    return new Promise(() => {});
  }],
  ["a rejection that nobody handles", 1, () => {
    Promise.reject(undefined);
    return new Promise(() => {});
  }],
  ["self.close()", 0, () => {
    self.close();
    return new Promise(() => {});
  }],
  ["Deno.exit(3)", 3, () => Deno.exit(3)],
  ["Deno.exit()", 0, () => Deno.exit()],
  ["Deno.exit(-1)", 255, () => Deno.exit(-1)],
  ["Deno.exit(256)", 0, () => Deno.exit(256)],
  ["Deno.exit(4) in a timer", 4, () => {
    setTimeout(() => Deno.exit(4));
    return new Promise(() => {});
  }],
  [
    "process.exit(5)",
    5,
    () => (globalThis as unknown as { process: typeof Deno }).process.exit(5),
  ],
  [
    "process.exit(6), imported",
    6,
    async () => (await import("node:process")).default.exit(6),
  ],
];

for (const [how, code, target] of ends) {
  Deno.test(`Thread: the exit code after ${how} is ${code}`, async () => {
    const thread = new Thread(target);
    thread.start();
    assertEquals(thread.exitcode, null);
    await assertRejects(() => thread.result(), WorkerCrashedError);
    await thread.join();
    assertEquals([thread.exitcode, thread.isAlive()], [code, false]);
    thread.terminate();
    assertEquals(thread.exitcode, code);
  });
}

Deno.test("Thread: one that ends with its work undone leaves the exit code in the error", async () => {
  const thread = new Thread(() => Deno.exit(3));
  thread.start();
  const error = await assertRejects(() => thread.result(), WorkerCrashedError);
  assertEquals((error.cause as Error).message, "The worker ended with exit code 3");
  await thread.join();
});

Deno.test("Thread: setting the exit code in the target changes nothing", async () => {
  const thread = new Thread(() => {
    const before = Deno.exitCode;
    Deno.exitCode = 9;
    return before;
  });
  thread.start();
  assertEquals(await thread.result(), 0);
  assertEquals([thread.exitcode, Deno.exitCode], [0, 0]);
});

Deno.test("Thread: terminate ends it, with the code of SIGTERM", async () => {
  const gate = new Gate();
  const thread = new Thread(async (words: Int32Array<SharedArrayBuffer>) => {
    Atomics.store(words, 0, 1);
    await new Promise(() => {});
  }, { args: [gate.words] });
  assertThrows(() => thread.terminate(), InvalidStateError, "it was not started");
  thread.start();
  await gate.reached();
  thread.terminate();
  thread.terminate();
  assertFalse(thread.isAlive());
  assertEquals(thread.exitcode, -15);
  await assertRejects(() => thread.result(), CancelledError);
  await thread.join();
});

Deno.test("Thread: misuse is refused", async () => {
  const thread = new Thread(() => 1);
  await assertRejects(() => thread.join(), InvalidStateError, "it was not started");
  await assertRejects(() => thread.result(), InvalidStateError, "it was not started");
  thread.start();
  assertThrows(() => thread.start(), InvalidStateError, "it was started before");
  await assertRejects(() => thread.join(NaN), RangeError);
  await thread.join();
  assertThrows(() => thread.start(), InvalidStateError, "it was started before");
  // deno-lint-ignore no-explicit-any
  const Any = Thread as any;
  assertThrows(() => new Any(), TypeError, "target must be a function, received undefined");
  assertThrows(() => new Any(5), TypeError, "received 5");
  assertThrows(() => new Any(Math.max), TypeError, "bound or native");
  assertThrows(() => new Any(() => 1, 5), TypeError, "options must be an object");
  assertThrows(() => new Any(() => 1, { args: 5 }), TypeError, "args must be an array");
  assertThrows(() => new Any(() => 1, { daemon: 1 }), TypeError, "daemon must be a boolean");
  assertThrows(() => new Any(() => 1, { name: 1 }), TypeError, "name must be a string");
  assertThrows(() => new Thread(() => 1).run(), InvalidStateError);
});

Deno.test("Thread: a task that waits for it can be cancelled, and the thread goes on", async () => {
  const gate = new Gate();
  const thread = new Thread(blockAtGate, { args: [gate.words] });
  thread.start();
  const tasks = [createTask(() => thread.join()), createTask(() => thread.result())];
  await gate.reached();
  for (const task of tasks) {
    task.cancel();
    await assertRejects(() => Promise.resolve(task), CancelledError);
  }
  gate.open();
  assertEquals(await thread.result(), "through");
  await thread.join();
});

Deno.test("Thread: it holds the program until it ends; a daemon does not", async () => {
  // The thread goes on for a while after the program has nothing left to do.
  const source = (daemon: boolean, ms: number) => `
    import { Thread } from "$MOD";
    const words = new Int32Array(new SharedArrayBuffer(8));
    const thread = new Thread(async (words: Int32Array<SharedArrayBuffer>, ms: number) => {
      Atomics.store(words, 0, 1);
      while (Atomics.load(words, 1) === 0) await new Promise((go) => setTimeout(go, 1));
      await new Promise((go) => setTimeout(go, ms));
      console.log("thread is done");
    }, { args: [words, ${ms}], daemon: ${daemon} });
    thread.start();
    while (Atomics.load(words, 0) === 0) await new Promise((go) => setTimeout(go, 1));
    console.log("program is done");
    Atomics.store(words, 1, 1);
  `;
  await using worker = new RunningProgram(source(false, 50));
  await using daemon = new RunningProgram(source(true, 600_000));
  const [held, left] = await Promise.all([worker.ended(), daemon.ended()]);
  assertEquals([held.code, held.out], [0, "program is done\nthread is done\n"], held.err);
  assertEquals([left.code, left.out], [0, "program is done\n"], left.err);
});

Deno.test("Thread: whoever waits for a daemon holds the program meanwhile", async () => {
  const start = () => {
    const thread = new Thread((n: number) => n + 1, { args: [1], daemon: true });
    thread.start();
    return thread;
  };
  await start().join(); // the event loop of a test ends as soon as nothing holds it
  assertEquals(await start().result(), 2);
  const [one, two] = [start(), start()];
  assertEquals(await Promise.all([one.result(), two.join(), two.result()]), [2, undefined, 2]);
});

Deno.test("Thread: a failure that nobody asks for is reported as unhandled", async () => {
  await using program = new RunningProgram(`
    import { Thread } from "$MOD";
    const thread = new Thread(() => { throw new RangeError("unasked"); });
    thread.start();
    await thread.join();
    await new Promise((go) => setTimeout(go, 0));
    console.log("not reached");
  `);
  const { code, err, out } = await program.ended();
  assertEquals([code, out], [1, ""]);
  assert(err.includes("RangeError: unasked"), err);
});

Deno.test("Thread: one that leaves by a call is not reported, whatever its exit code", async () => {
  await using program = new RunningProgram(`
    import { Thread } from "$MOD";
    const ways = [() => Deno.exit(3), () => Deno.exit(0), () => self.close()];
    const threads = ways.map((way) => new Thread(way));
    for (const thread of threads) thread.start();
    for (const thread of threads) await thread.join();
    await new Promise((go) => setTimeout(go, 0));
    console.log(threads.map((thread) => thread.exitcode).join());
  `);
  const { code, err, out } = await program.ended();
  assertEquals([code, out], [0, "3,0,0\n"], err);
});

Deno.test("Thread: join gives up when the time is over, and leaves no timer behind", async () => {
  const gate = new Gate();
  const thread = new Thread(blockAtGate, { args: [gate.words] });
  thread.start();
  await gate.reached();
  {
    using time = new FakeTime();
    let joined = 0;
    const joins = [thread.join(1_000), thread.join(0), thread.join(-1)];
    for (const join of joins) void join.then(() => joined++);
    await Promise.all(joins.slice(1));
    time.tick(999);
    await settle();
    assertEquals(joined, 2);
    time.tick(1);
    await Promise.all(joins);
    assert(thread.isAlive());
    assertFalse(time.next(), "a timer is left");
  }
  gate.open();
  await thread.join(600_000);
  assertFalse(thread.isAlive());
  assertEquals(await thread.result(), "through");
});
