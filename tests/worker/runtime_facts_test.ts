/**
 * What the runtime does that the pools lean on. A release that changes one of these facts is to be
 * noticed here, before its users notice it.
 *
 * @module
 */
import { assert, assertEquals, assertFalse, assertMatch } from "@std/assert";
import { RunningProgram } from "../support/running_program.ts";

const version = Deno.version.deno.split(".").map(Number) as [number, number, number];

function since(...wanted: [number, number, number]): boolean {
  const at = [0, 1, 2].find((i) => version[i] !== wanted[i]);
  return at === undefined || version[at]! > wanted[at]!;
}

const prelude = `
  const { MessageChannel: Channel, Worker: Thread } =
    process.getBuiltinModule("node:worker_threads") as any;
  const source = (code: string) => "data:text/javascript," + encodeURIComponent(code);
  const start = (code: string) => {
    const worker = new Worker(source("onmessage = ({ data }) => {" + code + "}"), { type: "module" });
    worker.onerror = (event) => event.preventDefault();
    return worker;
  };
  const unref = (worker: any) => {
    for (const symbol of Object.getOwnPropertySymbols(Worker.prototype)) {
      if (!symbol.description && worker[symbol].length === 1) worker[symbol](false);
    }
  };
`;

async function run(source: string) {
  await using program = new RunningProgram(prelude + source);
  return await program.ended();
}

for (
  const [how, code] of [
    ["closes itself", "close()"],
    ["exits", "Deno.exit(3)"],
    ["throws where nobody catches", "setTimeout(() => { throw new Error('late') })"],
    ["is terminated", "postMessage(1)"],
  ] as const
) {
  Deno.test(`fact: a port made by node's MessageChannel says so when its worker ${how}`, async () => {
    const { code: exit, out, err } = await run(`
      const worker = start(${JSON.stringify(`globalThis.port = data; ${code}`)});
      const { port1, port2 } = new Channel();
      port1.addEventListener("close", () => console.log("closed"));
      port1.onmessage = () => {};
      worker.onmessage = () => worker.terminate();
      worker.postMessage(port2, [port2]);
    `);
    assertEquals([exit, out], [0, "closed\n"], err);
  });
}

Deno.test("fact: a worker that is not to hold the program alive does not, idle or burning", async () => {
  for (const code of ["postMessage(1)", "postMessage(1); for (;;);"]) {
    const { code: exit, out, err } = await run(`
      const worker = start(${JSON.stringify(code)});
      await new Promise((go) => { worker.onmessage = go; worker.postMessage(0); });
      unref(worker);
      console.log("end");
    `);
    assertEquals([exit, out], [0, "end\n"], err);
  }
});

Deno.test("fact: terminate does not stop a busy Web Worker there and then", async () => {
  const { out, err } = await run(`
    const words = new Int32Array(new SharedArrayBuffer(4));
    const worker = start("for (;;) Atomics.add(data, 0, 1)");
    worker.postMessage(words);
    const turn = () => new Promise((go) => setTimeout(go, 1));
    while (Atomics.load(words, 0) === 0) await turn();
    worker.terminate();
    const from = Atomics.load(words, 0);
    for (let turns = 0; turns < 1_000 && Atomics.load(words, 0) === from; turns++) await turn();
    console.log(Atomics.load(words, 0) !== from);
    unref(worker);
  `);
  assertEquals(out, "true\n", err);
});

Deno.test({
  name: "fact: a busy node:worker_threads worker that holds a Web Lock is really stopped",
  // Deno 2.9.0 to 2.9.3 do not stop it.
  ignore: since(2, 7, 6) && !since(2, 9, 4),
  async fn() {
    const { out, err } = await run(`
      const words = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Thread(new URL(source(\`
        const { workerData } = process.getBuiltinModule("node:worker_threads");
        navigator.locks?.request("x", () => new Promise(() => {}));
        setTimeout(() => { for (;;) Atomics.add(workerData, 0, 1); }, 0);
      \`)), { workerData: words });
      worker.on("exit", () => console.log("exit"));
      while (Atomics.load(words, 0) === 0) await new Promise((go) => setTimeout(go, 1));
      await worker.terminate();
    `);
    assertEquals(out, "exit\n", err);
  },
});

Deno.test({
  name: "fact: a node:worker_threads worker that runs out of memory in a turn says so",
  ignore: !since(2, 9, 0),
  async fn() {
    const { out, err } = await run(`
      const worker = new Thread(new URL(source(
        "setImmediate(() => { const all = []; for (;;) all.push({ n: all.length }); })",
      )), { resourceLimits: { maxOldGenerationSizeMb: 32 } });
      worker.on("error", (error) => console.log(error.code));
      worker.on("exit", () => console.log("exit"));
    `);
    assertEquals(out, "ERR_WORKER_OUT_OF_MEMORY\nexit\n", err);
  },
});

Deno.test({
  name:
    "fact: one that runs out of memory in a microtask says so, or goes on with its limit raised",
  ignore: !since(2, 9, 0),
  async fn() {
    const { out, err } = await run(`
      const worker = new Thread(new URL(source(\`
        const { parentPort } = process.getBuiltinModule("node:worker_threads");
        const heap = process.getBuiltinModule("node:v8");
        const limit = heap.getHeapStatistics().heap_size_limit;
        setInterval(() => {
          if (heap.getHeapStatistics().heap_size_limit > limit) parentPort.postMessage("raised");
        }, 10);
        setTimeout(async () => {
          const all = [];
          await new Promise((go) => setTimeout(go, 1));
          try {
            for (;;) all.push({ n: all.length, text: String(all.length) });
          } finally {
            parentPort.postMessage("finally");
          }
        });
      \`)), { resourceLimits: { maxOldGenerationSizeMb: 32 } });
      worker.on("error", (error) => console.log(error.code));
      worker.on("exit", () => console.log("exit"));
      worker.on("message", (message) => {
        console.log(message);
        worker.terminate();
      });
    `);
    // Which of the two it is, not even one machine always answers in the same way.
    assertMatch(out, /^(raised|ERR_WORKER_OUT_OF_MEMORY)\nexit\n$/, err);
  },
});

Deno.test("fact: what is posted to a port before its worker listens is kept", async () => {
  const { out, err } = await run(`
    const worker = start("data.onmessage = ({ data: n }) => { postMessage(n); if (n === 3) close(); }");
    worker.onmessage = ({ data }) => console.log(data);
    const { port1, port2 } = new Channel();
    for (const n of [1, 2]) port1.postMessage(n);
    worker.postMessage(port2, [port2]);
    port1.postMessage(3);
    port1.on("close", () => {});
    port1.ref();
  `);
  assertEquals(out, "1\n2\n3\n", err);
});

Deno.test("fact: permissions for a worker end a process that lacks the flag for them", async () => {
  const { code, out } = await run(`
    try {
      new Worker(source(""), { type: "module", deno: { permissions: "none" } } as WorkerOptions);
    } catch {
      console.log("caught");
    }
  `);
  assertEquals([code, out], [70, ""]);
});

Deno.test("fact: structured clone keeps identity within one message, and loses what errors are", () => {
  class OwnError extends Error {
    code = "E";
  }
  const mark = {};
  const { value, marks, error } = structuredClone({
    value: [mark, { mark }],
    marks: [mark],
    error: new OwnError("m"),
  }) as { value: [object, { mark: object }]; marks: [object]; error: OwnError };
  assert(value[0] === marks[0] && value[1].mark === marks[0]);
  assertFalse(error instanceof OwnError);
  assertEquals(error.code, undefined as unknown as string);
});

Deno.test("fact: who waits by waitAsync does not hold the program alive", async () => {
  const { code, out, err } = await run(`
    const word = new Int32Array(new SharedArrayBuffer(4));
    const { async, value } = Atomics.waitAsync(word, 0, 0);
    value.then(() => console.log("woken"));
    console.log(async);
  `);
  assertEquals([code, out], [0, "true\n"], err);
});

Deno.test("fact: a context can be kept, in a worker too, as one object beside what other stores hold", async () => {
  const program = `
    const { AsyncLocalStorage } = process.getBuiltinModule("node:async_hooks");
    const store = new AsyncLocalStorage();
    const { getAsyncContext, setAsyncContext } = Deno[Deno.internal].core;
    const key = Symbol();
    const keep = (value, fn) => {
      const before = getAsyncContext();
      setAsyncContext({ __proto__: null, ...before, [key]: value });
      try {
        return fn();
      } finally {
        setAsyncContext(before);
      }
    };
    const seen = [];
    const look = () => seen.push(getAsyncContext()?.[key], store.getStore());
    const wait = () => new Promise((resolve) => setTimeout(resolve, 0));
    const done = keep(1, async () => {
      await store.run("a", async () => {
        await keep(2, async () => {
          await wait();
          look();
        });
        look();
      });
      await wait();
      look();
      return seen.join();
    });
    look();
  `;
  const { out, err } = await run(`
    const worker = start(\`
      ${program}
      done.then(postMessage);
    \`);
    worker.onmessage = ({ data }) => {
      console.log(data);
      worker.terminate();
    };
    worker.postMessage(0);
    ${program}
    console.log(await done);
  `);
  assertEquals(out, ",,2,a,1,a,1,\n".repeat(2), err);
});

Deno.test("fact: what setTimeout is at the start can be had later, whatever stands in its place", async () => {
  const { out, err } = await run(`
    const worker = start(\`
      const { get, value } = Object.getOwnPropertyDescriptor(globalThis, "setTimeout");
      globalThis.setTimeout = () => 0;
      const real = get === undefined ? value : get.call(globalThis);
      real(() => postMessage(real !== globalThis.setTimeout), 0);
    \`);
    worker.onmessage = ({ data }) => {
      console.log(data);
      worker.terminate();
    };
    worker.postMessage(0);
  `);
  assertEquals(out, "true\n", err);
});
