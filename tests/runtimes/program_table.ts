/**
 * What programs on Node and Bun do, and what a shell sees of them.
 *
 * @module
 */

export interface Program {
  readonly name: string;
  /** The runtimes that it is nothing for. */
  readonly not?: RegExp;
  /** Modules beside it. */
  readonly files?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
  readonly source: string;
  /** Each time it has said this, it gets these signals. */
  readonly steps?: readonly (readonly [says: string, ...signals: Deno.Signal[]])[];
  readonly code: number;
  readonly signal?: Deno.Signal;
  readonly out: string;
  /** A part of what it says on standard error; "" if it says nothing there. Left out: no matter. */
  readonly err?: string;
}

const ALL = `import { createTask, Future, ProcessPool, run, sleep, Thread, timeout, toThread, ` +
  `WorkerPool } from "@strand/strand"; `;

/** A main that says what becomes of it. */
const MAIN = (cleanUp: string) => `
  console.log("ready");
  try {
    await sleep(2 ** 40);
  } finally {
    ${cleanUp}
    console.log("cleaned up");
  }`;

const PLATFORM = `[new URL("https://example.com"), new Headers(), new Response(),
  new Request("https://example.com"), new AbortController(), AbortSignal.abort(), new Event("e"),
  new URLSearchParams(), new FormData(), new TextDecoder(), new EventTarget()]`;

const REFUSED = (pool: string) => `
  const pool = new ${pool}(1);
  for (const bad of ${PLATFORM}) {
    const error = await pool.submit((x) => x, bad).then(() => undefined, (error) => error);
    if (error?.name !== "TypeError" || !error.message.includes(bad.constructor.name)) {
      console.log(bad.constructor.name, String(error));
    }
  }
  const back = await pool.submit(() => new Headers()).then(() => undefined, (error) => error);
  console.log(back.name);
  await pool.shutdown();`;

const CRASHES = (pool: string) => `
  const pool = new ${pool}({ maxWorkers: 1 });
  const say = (error) => console.log(error.name, "|", error.cause?.message.split("\\n")[0]);
  await pool.submit(() => process.exit(3)).catch(say);
  await pool.submit(() => {
    setTimeout(() => { throw new RangeError("in a timer"); });
    return new Promise(() => {});
  }).catch(say);
  await pool.submit(() => {
    Promise.reject(new RangeError("nobody handles"));
    return new Promise(() => {});
  }).catch(say);
  console.log(await pool.submit(() => "well"), pool.stats.crashed);
  await pool.shutdown();`;

const CRASHED = [
  "WorkerCrashedError | The worker ended with exit code 3",
  "WorkerCrashedError | in a timer",
  "WorkerCrashedError | nobody handles",
  "well 3",
  "",
].join("\n");

const BURN = (pool: string) => `
  const pool = new ${pool}({ maxWorkers: 2, cancelGrace: 20 });
  const loops = [1, 2].map(() => pool.submit(() => { for (;;); }));
  await sleep(300);
  for (const loop of loops) loop.cancel();
  for (const loop of await Promise.allSettled(loops)) console.log(loop.reason.name);
  console.log(await pool.submit((n) => n + 1, 1));
  while (pool.stats.stuck > 0) await sleep(5);`;

const BURNT = "CancelledError\nCancelledError\n2\n";

const TASKS = (types: string) =>
  `import { remote } from "@strand/strand";
   export const square = remote(import.meta, function square(n${types}) { return n * n; });
   export const { add } = remote(import.meta, { add: (a${types}, b${types}) => a + b });`;

const USE_TASKS = (file: string) =>
  `${ALL} import { add, square } from "./${file}";
   for (const Pool of [WorkerPool, ProcessPool]) {
     const pool = new Pool(1);
     console.log(await pool.map(square, [1, 2, 3]), await pool.submit(add, 1, 2));
     await pool.shutdown();
   }`;

const SQUARES = "[ 1, 4, 9 ] 3\n[ 1, 4, 9 ] 3\n";

const POOLS = ["WorkerPool", "ProcessPool"] as const;

export const PROGRAMS: readonly Program[] = [
  {
    name: "a main that ends",
    source: `${ALL} console.log(await run(() => sleep(1, "value")));`,
    code: 0,
    out: "value\n",
    err: "",
  },
  {
    name: "Ctrl-C: main cleans up, with exit code 130",
    source: `${ALL} await run(async () => { ${MAIN("await sleep(1);")} }); console.log("never");`,
    steps: [["ready", "SIGINT"]],
    code: 130,
    out: "ready\ncleaned up\n",
    err: "",
  },
  {
    name: "SIGTERM: main cleans up, with exit code 143",
    source: `${ALL} await run(async () => { ${MAIN("await sleep(1);")} }); console.log("never");`,
    steps: [["ready", "SIGTERM"]],
    code: 143,
    out: "ready\ncleaned up\n",
    err: "",
  },
  {
    name: "SIGHUP among those that are handled",
    source: `${ALL} await run(async () => { ${MAIN("")} }, { handleSignals: ["SIGHUP"] });`,
    steps: [["ready", "SIGHUP"]],
    code: 129,
    out: "ready\ncleaned up\n",
    err: "",
  },
  {
    name: "a second signal ends the program at once, and says what it waited for",
    source: `${ALL} await run(async () => {
      ${MAIN('console.log("cleaning"); await sleep(2 ** 40);')}
    });`,
    steps: [["ready", "SIGINT"], ["cleaning", "SIGTERM"]],
    code: 143,
    out: "ready\ncleaning\n",
    err: 'task "main"',
  },
  {
    name: "the end of gracePeriod ends the program",
    source: `${ALL} await run(async () => {
      createTask(() => new Promise(() => {}), { name: "stubborn" });
      ${MAIN("await new Promise(() => {});")}
    }, { gracePeriod: 20 });`,
    steps: [["ready", "SIGTERM"]],
    code: 143,
    out: "ready\n",
    err: 'task "stubborn"',
  },
  {
    name: "SIGQUIT shows the tasks, and the program goes on",
    source: `${ALL} await run(async () => {
      console.log("ready");
      process.on("SIGQUIT", () => console.log("shown"));
      await sleep(2 ** 40);
    });`,
    steps: [["ready", "SIGQUIT"], ["shown", "SIGINT"]],
    code: 130,
    out: "ready\nshown\n",
    err: 'task "main" waiting',
  },
  {
    name: "without handleSignals a signal is the program's own affair",
    source: `${ALL} await run(async () => { ${MAIN("")} }, { handleSignals: false });`,
    steps: [["ready", "SIGTERM"]],
    code: 143,
    signal: "SIGTERM",
    out: "ready\n",
    err: "",
  },
  {
    name: "a main that swallows the signal goes on",
    source: `${ALL} console.log(await run(async () => {
      console.log("ready");
      await sleep(2 ** 40).catch((error) => console.log(error.name));
      return "value";
    }));`,
    steps: [["ready", "SIGINT"]],
    code: 0,
    out: "ready\nCancelledError\nvalue\n",
    err: "",
  },
  {
    name: "a main that fails gives exit code 1 and its stack",
    source: `${ALL} async function culprit() { await sleep(1); throw new RangeError("broken"); }
      await run(async () => { try { await culprit(); } finally { console.log("finally"); } });`,
    code: 1,
    out: "finally\n",
    err: "culprit",
  },
  {
    name: "Ctrl-C while pools are busy leaves nobody behind",
    source: `${ALL} await run(async () => {
      const pools = [new WorkerPool(1), new ProcessPool(1)];
      const calls = pools.map((pool) => pool.submit(() => { for (;;); }));
      await sleep(500);
      console.log("ready");
      await Promise.all(calls);
    });`,
    steps: [["ready", "SIGINT"]],
    code: 130,
    out: "ready\n",
  },
  {
    name: "processes end with a program that is killed",
    source: `${ALL} const pool = new ProcessPool(1);
      const call = pool.stream(function* () { yield 1; for (;;); });
      for await (const _ of call) console.log("ready");`,
    steps: [["ready", "SIGKILL"]],
    code: 137,
    signal: "SIGKILL",
    out: "ready\n",
  },
  ...POOLS.map((pool): Program => ({
    name: `${pool}: busy loops are ended`,
    source: ALL + BURN(pool),
    code: 0,
    out: BURNT,
    err: "",
  })),
  ...POOLS.map((pool): Program => ({
    name: `${pool}: a crash is reported with its cause`,
    source: ALL + CRASHES(pool),
    code: 0,
    out: pool === "WorkerPool" ? CRASHED : CRASHED.replace("The worker ended", "The process ended"),
  })),
  ...POOLS.map((pool): Program => ({
    name: `${pool}: objects of the platform are refused by name, both ways`,
    source: ALL + REFUSED(pool),
    code: 0,
    out: "TypeError\n",
    err: "",
  })),
  ...POOLS.map((pool): Program => ({
    name: `${pool}: one that is idle does not hold the program`,
    source: `${ALL} const pool = new ${pool}(2); console.log(await pool.submit(() => "idle"));`,
    code: 0,
    out: "idle\n",
    err: "",
  })),
  {
    name: "toThread and a thread that has ended do not hold the program",
    source: `${ALL} console.log(await toThread(() => "idle"));
      const thread = new Thread((n) => n + 1, { args: [1] });
      thread.start();
      console.log(await thread.result(), thread.exitcode);`,
    code: 0,
    out: "idle\n2 0\n",
    err: "",
  },
  {
    name: "a call in flight holds the program",
    source: `${ALL} const pool = new WorkerPool(1);
      pool.submit(() => new Promise((go) => setTimeout(go, 50))).then(() => console.log("done"));`,
    code: 0,
    out: "done\n",
    err: "",
  },
  {
    name: "remote(import.meta, …) in modules of JavaScript",
    files: { "tasks.mjs": TASKS("") },
    source: USE_TASKS("tasks.mjs"),
    code: 0,
    out: SQUARES,
    err: "",
  },
  {
    name: "remote(import.meta, …) in modules of TypeScript",
    not: /^node 20/,
    files: { "tasks.mts": TASKS(": number") },
    source: USE_TASKS("tasks.mts"),
    code: 0,
    out: SQUARES,
  },
];
