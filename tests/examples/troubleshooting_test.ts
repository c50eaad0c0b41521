import { assert, assertEquals, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import {
  asCompleted,
  createTask,
  Future,
  gather,
  Lock,
  ProcessPool,
  remote,
  run,
  SharedEvent,
  sleep,
  type Task,
  TaskGroup,
  TaskPool,
  waitFor,
  WorkerPool,
} from "../../mod.ts";
import { readSource } from "../support/module_graph.ts";
import { runToEnd } from "../support/running_process.ts";

const ROOT = new URL("../../", import.meta.url);
const HERE = import.meta.url;

/** What a newcomer did, which throws or rejects; or a program of his, and the flags he ran it with. */
type Mistake = (() => unknown) | { program: string; flags: string[] };

async function onPool<R>(use: (pool: WorkerPool) => PromiseLike<R>): Promise<R> {
  await using pool = new WorkerPool(1);
  return await use(pool);
}

/** Programs of the checkout find the library in local files, which they may always read. */
const library = new URL("mod.ts", ROOT).href;
const read = `--allow-read=${["mod.ts", "lib"].map((path) => fileURLToPath(new URL(path, ROOT)))}`;

/** A function of a local module that is registered, and the program that uses it. */
const registered = (register: string, use: string) => `
  import { ProcessPool, remote, WorkerPool } from ${JSON.stringify(library)};
  ${register}
  ${use}
`;

const offset = 5;

const mistakes: Record<string, Mistake[]> = {
  "Cannot run … in a worker: it uses the variable … from around it": [
    () => onPool((pool) => pool.submit((n: number) => n + offset, 1)),
  ],
  "… is bound or native, so that it has no text to send": [
    () => onPool((pool) => pool.submit(Math.sqrt, 4)),
  ],
  "… is a method, whose text means nothing by itself": [
    () =>
      onPool((pool) =>
        pool.submit(
          new (class {
            m = 1;
            half(n: number) {
              return n / 2;
            }
          })().half,
          4,
        )
      ),
  ],
  "Cannot load … in a worker: the permission to read it is missing": [{
    program: registered(
      "const work = remote(import.meta, function work() {});",
      "if (import.meta.main) { await using pool = new WorkerPool(1); await pool.submit(work); }",
    ),
    flags: [read],
  }],
  "Module not found …": [
    () => onPool((pool) => pool.import<{ f(): void }>(new URL("./nowhere.ts", HERE)).f()),
  ],
  "Cannot …: this module is being loaded by a worker": [{
    program: registered(
      "const work = remote(import.meta, function work() {});",
      "await using pool = new WorkerPool(1); await pool.submit(work);",
    ),
    flags: ["--allow-read"],
  }],
  "Cannot run … in a worker: … neither registers nor exports such a function": [
    () => onPool((pool) => pool.import<{ f(): void }>(library).f()),
    {
      program: registered(
        "",
        `if (import.meta.main) {
          const work = remote(import.meta, function work() {});
          await using pool = new WorkerPool(1);
          await pool.submit(work);
        }`,
      ),
      flags: ["--allow-read"],
    },
  ],
  "Cannot register a function: fn must have a name": [() => remote(import.meta, () => 1)],
  "Cannot register …: it is registered already in …": [() => {
    remote(import.meta, function twice() {});
    remote(import.meta, function twice() {});
  }],
  "Cannot send …: … cannot be cloned": [
    () => onPool((pool) => pool.submit((o: { callback(): void }) => o, { callback() {} })),
    () => onPool((pool) => pool.submit(() => ({ callback() {} }))),
    () => onPool((pool) => pool.submit((o: unknown) => o, [Promise.resolve()])),
  ],
  "… is a generator function; use stream": [
    () =>
      onPool((pool) =>
        pool.submit(function* () {
          yield 1;
        })
      ),
  ],
  "Cannot …: permissions need the flag --unstable-worker-options": [
    () => new WorkerPool({ permissions: "none" }),
  ],
  "Cannot …: it would block the main thread": [() => new SharedEvent().waitSync()],

  "The pool … is broken": [async () => {
    await using pool = new WorkerPool({
      maxWorkers: 1,
      initializer: () => {
        throw new Error("no table");
      },
    });
    await pool.submit(() => 1);
  }, {
    program: registered("", "await using pool = new WorkerPool(1); await pool.submit(() => 1);"),
    flags: [],
  }],
  "Cannot …: the permission to run child processes is missing": [{
    program: registered("", "await using pool = new ProcessPool(1); await pool.submit(() => 1);"),
    flags: [read],
  }],
  "Cannot send … to another process: it is made of memory, which processes do not …": [async () => {
    await using pool = new ProcessPool(1);
    await pool.submit((event: SharedEvent) => event.isSet(), new SharedEvent());
  }],
  "The worker … died while it ran the call": [
    () => onPool((pool) => pool.submit(() => self.close())),
    () => onPool((pool) => pool.submit(() => Deno.exit(3))),
  ],
  "Cannot …: pool … is shut down": [async () => {
    const pool = new WorkerPool(1);
    await pool.shutdown();
    await pool.submit(() => 1);
  }],
  "Cannot wait for a pool: this is one of its own calls": [async () => {
    await using pool = new TaskPool(1);
    await pool.submit(() => pool.shutdown());
  }],
  "Symbol(Symbol.dispose) is not a function": [() => {
    using _pool = new TaskPool(1) as unknown as Disposable;
  }, () => {
    using _held = new Lock().acquire() as unknown as Disposable;
  }],
  "Leaks detected": [{
    program: `
      import { pipe, toThread, WorkerPool } from ${JSON.stringify(library)};
      const options = { sanitizeOps: true, sanitizeResources: true };
      Deno.test({ name: "pool", ...options, fn: () => new WorkerPool(1).submit(() => 1) });
    `,
    flags: ["test", "--allow-read"],
  }],

  "Unhandled errors in a task group": [
    () => TaskGroup.run((group) => void group.createTask(() => Promise.reject(new Error("child")))),
  ],
  "The task was cancelled": [() => {
    const task = createTask(() => sleep(60_000));
    task.cancel();
    return task;
  }],
  "The time limit was exceeded": [() => waitFor(() => sleep(60_000), 1), async () => {
    const late = createTask(() => sleep(60_000));
    try {
      for await (const future of asCompleted([late], { timeout: 1 })) await future;
    } finally {
      late.cancel();
    }
  }],
  "Uncaught (in promise)": [{
    program: `
      import { createTask } from ${JSON.stringify(library)};
      createTask(() => { throw new RangeError("lost"); });
    `,
    flags: [],
  }],
  "Cannot …: wanted a function, promise, future or task": [() => gather([1] as never)],
  "Cannot …: coro must be a function": [() => createTask(sleep(0) as never)],
  "Cannot run: this is inside a running run": [
    () => run(() => run(() => 1), { handleSignals: false }),
  ],
  "Cannot create a task in a task group: it has ended": [async () => {
    const [group] = await TaskGroup.run((group) => [group]);
    group!.createTask(() => 1);
  }],
  "Cannot await a task: it is the current one": [() => {
    const task: Task<void> = createTask(async () => await task);
    return task;
  }],
  "Cannot read the result of a future: it is not done": [() => new Future().result()],
  "Cannot release a lock: it is not held": [() => new Lock().release()],
  "… is not a function": [async () => {
    const task = await TaskGroup.run((group) => group.createTask(() => sleep(0, "done")));
    (task as unknown as Task<string>).result();
  }],
  "Top-level await promise never resolved": [{
    program: `
      import { Lock } from ${JSON.stringify(library)};
      const lock = new Lock();
      await lock.acquire();
      await lock.acquire();
    `,
    flags: [],
  }],
};

Deno.test("The troubleshooting page lists exactly the messages that are provoked here", async () => {
  const page = await readSource("docs/guide/troubleshooting.md");
  const listed = Array.from(page.matchAll(/\*\*`([^`]+)`\*\*/g), ([, message]) => message!);
  assertEquals(listed, Object.keys(mistakes));
});

for (const [message, ways] of Object.entries(mistakes)) {
  Deno.test(`A newcomer is told: ${message}`, async () => {
    const pattern = new RegExp(
      message.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*"),
    );
    for (const way of ways) {
      assertMatch(
        typeof way === "function" ? await messageOf(way) : await complaintOf(way),
        pattern,
      );
    }
  });
}

async function messageOf(mistake: () => unknown): Promise<string> {
  try {
    await mistake();
  } catch (error) {
    assert(error instanceof Error);
    return error.message;
  }
  throw new Error("Nothing was thrown");
}

/** What a program prints that fails. */
async function complaintOf(
  { program, flags }: { program: string; flags: string[] },
): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${folder}/main.ts`, program);
    const [command, rest] = flags[0] === "test"
      ? ["test", flags.slice(1)] as const
      : ["run", flags] as const;
    const { code, out, err } = await runToEnd(
      [command, "--quiet", "--no-prompt", "--no-check", ...rest, "main.ts"],
      { cwd: folder },
    );
    assert(code !== 0, "It succeeded");
    return out + err;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
