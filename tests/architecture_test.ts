import { assert, assertEquals } from "@std/assert";
import { readDocumented } from "./support/documented.ts";
import { findCircle, type Import, readModuleGraph, readSource } from "./support/module_graph.ts";

/**
 * The floors, from the ground up: a file imports from its own folder or from a lower floor. Folders
 * of one floor do not know each other.
 */
const FLOORS = [
  ["lib/task_errors.ts"],
  ["lib/errors.ts"],
  ["lib/base/"],
  ["lib/core/"],
  ["lib/task/", "lib/sync/", "lib/wire/"],
  ["lib/executor/", "lib/shared/"],
  ["lib/worker/", "lib/observe/"],
  ["lib/bullmq/"],
  ["mod.ts", "worker.ts", "observe.ts", "bullmq.ts"],
];

/** Runs inside a worker. The host side names its entry by URL and never imports it. */
const WORKER_SIDE = /^lib\/worker\/(\w+\.js|runtime\/.+)$|^worker\.ts$/;

/** Where tools find what is loaded by name; it runs nothing of that. */
const ENTRIES = "lib/worker/follow_entries.ts";

/** What both sides of a worker import; it imports neither. */
const BOTH_SIDES =
  /^lib\/worker\/(protocol|call_table|plain_values|spin|process\/(marked_stream|message_frames|value_codec))\.ts$/;

const MAX_LINES = 500;

/** The values that mod.ts exports: no more, no fewer. */
const VALUES = `
  Future Task createTask currentTask allTasks ensureFuture run sleep shield

  instrument taskTree formatTaskTree printTaskTree

  TaskGroup ExceptionGroup timeout timeoutAt Timeout moveOnAfter race cancellable currentSignal waitFor gather wait asCompleted

  Lock Semaphore BoundedSemaphore CapacityLimiter RateLimiter Event Condition Barrier
  Queue LifoQueue PriorityQueue
  CancelledError TimeoutError InvalidStateError
  QueueEmpty QueueFull QueueShutDown BrokenBarrierError

  TaskPool WorkerPool ProcessPool toThread cancelRequested remote transfer
  WorkerCrashedError BrokenWorkerPoolError

  Thread SharedValue SharedArray SharedLock SharedSemaphore SharedEvent SharedCondition
  SharedBarrier SharedQueue pipe Connection
`;

/** The types that mod.ts exports, besides those which the signatures of its exports mention. */
const TYPES = `
  Coroutine Awaitable
  Executor CallOptions MapOptions MapResult PoolStats Remote
  SharedType
`;

const graph = await readModuleGraph();
const inLib = graph.imports.filter(({ from }) => from.startsWith("lib/"));

Deno.test("Every file below lib/ belongs to a floor", () => {
  assert(graph.files.some((file) => file.startsWith("lib/")), "Found no file below lib/");
  assertEquals(graph.files.filter((file) => floorOf(file) < 0), []);
});

Deno.test("A file imports from its own folder or from a lower floor", () => {
  const wrong = graph.imports.filter(({ from, to }) => {
    return roomOf(to) !== undefined && roomOf(from) !== roomOf(to) && floorOf(to) >= floorOf(from);
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("The library imports nothing from outside, but for built-in modules on demand", () => {
  const outside = inLib.filter(({ to }) => floorOf(to) < 0);
  const wrong = outside.filter(({ to, dynamic }) => !(dynamic && to.startsWith("node:")));
  assertEquals(wrong.map(show), []);
});

Deno.test("No import circle is left once types are gone", () => {
  const atRunTime = graph.imports.filter(({ typeOnly }) => !typeOnly);
  assert(atRunTime.length > 0, "Found no import");
  assertEquals(findCircle(atRunTime), []);
});

Deno.test("No circle of types either, outside lib/core/, where seven things are one", () => {
  const inCore = ({ from, to }: Import) =>
    from.startsWith("lib/core/") && to.startsWith("lib/core/");
  const rest = graph.imports.filter((one) => !inCore(one) && !one.dynamic);
  assertEquals(findCircle(rest), []);
});

Deno.test("A file whose name starts with _ is for its own folder", () => {
  const folder = (path: string) => path.slice(0, path.lastIndexOf("/") + 1);
  const wrong = graph.imports.filter(({ from, to }) => {
    return to.slice(folder(to).length).startsWith("_") && folder(from) !== folder(to);
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("The two sides of a worker do not import each other", () => {
  assert(graph.files.some((file) => WORKER_SIDE.test(file)), "Found no file of the worker side");
  assert(graph.files.some((file) => BOTH_SIDES.test(file)), "Found no file for both sides");
  const side = (path: string) => {
    if (WORKER_SIDE.test(path)) return "worker";
    return BOTH_SIDES.test(path) ? "both" : "host";
  };
  const wrong = inLib.filter(({ from, to, dynamic }) => {
    if (!from.startsWith("lib/worker/") || !to.startsWith("lib/worker/")) return false;
    if (from === ENTRIES && dynamic && to.endsWith(".js")) return false;
    return side(to) !== "both" && side(from) !== side(to);
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("Tools find everything that is loaded by name, and nobody runs it on the host side", async () => {
  const entries = graph.files.filter((file) => file.endsWith(".js"));
  const found = graph.imports.filter(({ from }) => from === ENTRIES).map(({ to }) => to);
  assertEquals(found.toSorted(), entries.toSorted());
  const sources = await Promise.all(graph.files.filter((file) => file !== ENTRIES).map(readSource));
  assertEquals(sources.filter((source) => source.includes("followEntries")), []);
});

/** Where runtimes are known by their names; the rest of the library asks lib/base/runtime.ts. */
const KNOW_RUNTIMES = [
  "lib/base/runtime.ts",
  "lib/base/builtins.ts",
  "lib/base/hide_from_listeners.ts",
  "lib/base/async_context.ts",
  "lib/worker/permissions/",
  "lib/worker/process/",
  // Its functions travel to a thread as text, so that they can import nothing.
  "lib/worker/runtime/watch_stdin.ts",
];

Deno.test("Only those who have to know runtimes by their names", async () => {
  const others = graph.files.filter((file) =>
    !KNOW_RUNTIMES.some((known) => file.startsWith(known))
  );
  const found: string[] = [];
  for (const file of others) {
    const code = codeOf(await readSource(file));
    for (const [word] of code.matchAll(/\b(?:Deno|Bun|process|navigator)\b(?!\s*:)/g)) {
      found.push(`${file}: ${word}`);
    }
  }
  assertEquals(found, []);
});

Deno.test("Nothing is made of the library's own address before it is needed", async () => {
  // In some bundles there is none.
  const found: string[] = [];
  for (const file of graph.files) {
    const code = codeOf(await readSource(file));
    if (/^(?:export )?(?:const|let) .*\bnew URL\(/m.test(code)) found.push(file);
  }
  assertEquals(found, []);
});

Deno.test("The library has no syntax that the oldest runtime cannot read", async () => {
  const found: string[] = [];
  for (const file of graph.files) {
    const code = codeOf(await readSource(file));
    // Node 20 has no `using`; a bundle for workers has no `await` at the top level.
    if (/\busing \w+ =|^await\b|^(?:const|let|export).*=\s*await\b/m.test(code)) found.push(file);
  }
  assertEquals(found, []);
});

/** What came to the language after Node 20: a static method by its class, another by its name alone. */
const NEWER_NAMES = `
  Map.groupBy Object.groupBy Promise.withResolvers Promise.try Array.fromAsync RegExp.escape
  Error.isError Iterator.from Iterator.concat Math.sumPrecise Atomics.pause Atomics.waitAsync
  Uint8Array.fromBase64 Uint8Array.fromHex .toBase64 .toHex .isSubsetOf .isSupersetOf .isDisjointFrom
  .union .intersection .difference .symmetricDifference .toArray .getOrInsert .getOrInsertComputed
  .transferToFixedLength .transfer
`;

/** Where such a name is asked for before it is used: elsewhere it is called by `?.()`. */
const ASKED_FOR = ["lib/shared/shared_words.ts"];

Deno.test("The library calls nothing that the oldest runtime does not have", async () => {
  const newer = words(NEWER_NAMES).map((name) => name.replaceAll(".", "\\."));
  const called = new RegExp(`(?:${newer.join("|")})\\(`, "g");
  const iterated = /\.(?:values|keys|entries)\(\)\s*\.\w+\(/g;
  const found: string[] = [];
  for (const file of graph.files.filter((file) => !ASKED_FOR.includes(file))) {
    const code = codeOf(await readSource(file));
    for (const [name] of [...code.matchAll(called), ...code.matchAll(iterated)]) {
      found.push(`${file}: ${name}`);
    }
  }
  assertEquals(found, []);
});

Deno.test(`No file is longer than ${MAX_LINES} lines`, async () => {
  const lengths = await Promise.all(graph.files.map(async (file) => {
    return { file, lines: (await readSource(file)).split("\n").length - 1 };
  }));
  assertEquals(lengths.filter(({ lines }) => lines > MAX_LINES), []);
});

Deno.test("No two files of the library declare the same class, interface or type", async () => {
  const places = new Map<string, string[]>();
  for (const file of graph.files) {
    const code = (await readSource(file)).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
    const declared = /^(?:export )?(?:abstract )?(?:class|interface|type) (\w+)(?=[\s<=])/gm;
    for (const name of new Set(Array.from(code.matchAll(declared), ([, name]) => name!))) {
      places.set(name, [...places.get(name) ?? [], file]);
    }
  }
  assert(places.size > 200, `Found only ${places.size} names`);
  assertEquals([...places].filter(([, files]) => files.length > 1), []);
});

/** Files of several things, which are named after what these are about. */
const SUBJECTS = `
  lib/errors.ts lib/task_errors.ts
  lib/base/builtins.ts lib/base/clock.ts lib/base/instance.ts lib/base/runtime.ts
  lib/base/shared_memory.ts lib/base/validate.ts
  lib/bullmq/checks.ts lib/bullmq/job_ids.ts lib/bullmq/payload.ts
  lib/core/cancellation.ts lib/core/context.ts lib/core/fiber_state.ts lib/core/scheduler.ts
  lib/executor/checks.ts lib/executor/map_input.ts
  lib/shared/codec/tags.ts lib/shared/poller.ts lib/shared/thread_registry.ts
  lib/shared/typed_arrays.ts
  lib/task/awaitable.ts lib/task/creation_places.ts
  lib/wire/errors.ts lib/wire/function_registry.ts lib/wire/message_channel.ts lib/wire/packing.ts
  lib/wire/resource_sharer.ts
  lib/worker/permissions/deno_flags.ts lib/worker/permissions/permissions.ts
  lib/worker/pool/caller_stack.ts lib/worker/pool/options.ts
  lib/worker/process/marked_stream.ts lib/worker/process/message_frames.ts
  lib/worker/process/value_codec.ts lib/worker/protocol.ts lib/worker/runtime/shared_types.ts
`;

Deno.test("A file is named after what it exports", async () => {
  const subjects = words(SUBJECTS);
  const wrong: string[] = [];
  for (const file of graph.files.filter((file) => /^lib\/.*\.ts$/.test(file))) {
    const source = (await readSource(file)).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
    const exported =
      /^export (?:abstract |async )?(?:function\*?|class|interface|type|const|let) (\w+)/gm;
    const names = new Set(Array.from(source.matchAll(exported), ([, name]) => name!.toLowerCase()));
    for (const [, list] of source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)) {
      for (const name of list!.split(",")) {
        names.add(name.replace(/.* as /, "").trim().toLowerCase());
      }
    }
    const own = file.replace(/^.*\//, "").replaceAll(/\.ts$|_/g, "");
    // The entries of workers are run, and export nothing.
    if (names.size === 0 ? /\/entry_\w+\.ts$/.test(file) : names.has(own)) {
      assert(!subjects.includes(file), `${file} needs no exception`);
    } else if (names.size === 1 || !subjects.includes(file)) wrong.push(`${file}: ${[...names]}`);
  }
  assertEquals(wrong, []);
  assertEquals(subjects.filter((file) => !graph.files.includes(file)), []);
});

/** Words that the field has others for: see docs/GLOSSARY.md. */
const OLD_WORDS = `
  Course OwnCourse Realm Surroundings Patience impatience Standing Graveyard Front CallBoard callBoard Lane
  TaskSource entrust goods Introduction Acquaintance Neighbour greet welcome standFor standIn learnKinds
  Passage onCross Arrival Party Guard Pulsed letGo holdFor untold homeless hungry desk doze Cargo lastWords DEAF
  LineWait LineWaits MapRun PoolWorker Withdrawal TaskLine leaveNews relieve
  Facade Inhabitant restless struck rouse byTheClock turnBeforeNextRound wentOn pardon arriving
`;

Deno.test("The library says things in the words of the glossary", async () => {
  const old = new RegExp(`\\b(?:${words(OLD_WORDS).join("|")})\\b`, "g");
  for (const file of graph.files) {
    assertEquals((await readSource(file)).match(old), null, file);
  }
});

Deno.test("A wait is a class nested in its primitive, where that is a class", async () => {
  const wait =
    /^(?:export )?class \w+(?:<.*>)? extends (?:Waiter|PlainWait|QueuedWait|WordWait)\b/gm;
  const classes = /^export class /gm;
  let found = 0;
  for (const file of graph.files.filter((file) => !/\/_[^/]*$/.test(file))) {
    const source = await readSource(file);
    if (!classes.test(source)) continue;
    found++;
    assertEquals(source.match(wait), null, file);
  }
  assert(found > 20, `Found only ${found} files with classes`);
});

Deno.test("Nothing to wait for is said by noWait, and in no other way", async () => {
  for (const file of graph.files.filter((file) => !file.startsWith("lib/core/"))) {
    assertEquals(/\bcontinueStep\b/.exec(await readSource(file)), null, file);
  }
});

Deno.test("mod.ts holds named re-exports only, in the order of the floors", async () => {
  const code = (await readSource("mod.ts")).replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
  const reExport = /export (?:type )?\{[^}]*\} from "\.\/(lib\/[^"]+)";/g;
  assertEquals(code.replaceAll(reExport, "").trim(), "");
  const floors = Array.from(code.matchAll(reExport), ([, path]) => floorOf(path ?? ""));
  assertEquals(floors, floors.toSorted((a, b) => a - b));
});

Deno.test("mod.ts exports the public values and types, and nothing else", async () => {
  const values = Object.keys(await import("../mod.ts"));
  assertEquals(values.toSorted(), words(VALUES));

  const { names, mentioned } = await readDocs();
  const types = names.filter((name) => !values.includes(name));
  const expected = words(TYPES);
  assertEquals(expected.filter((name) => !types.includes(name)), [], "Types are missing");
  const extra = types.filter((name) => !expected.includes(name) && !mentioned.has(name));
  assertEquals(extra, [], "Types are exported that no signature mentions");
});

/** A source without its comments and strings. */
function codeOf(source: string): string {
  return source.replaceAll(
    /\/\*[^]*?\*\/|(?<![:"'`\\])\/\/.*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g,
    (text) => text.startsWith("/") ? "" : '""',
  );
}

/** The folder of a floor, or the single file, that a path belongs to. */
function roomOf(path: string): string | undefined {
  return FLOORS.flat().find((room) => room.endsWith("/") ? path.startsWith(room) : path === room);
}

function floorOf(path: string): number {
  const room = roomOf(path);
  return FLOORS.findIndex((rooms) => room !== undefined && rooms.includes(room));
}

function show({ from, to, typeOnly }: Import): string {
  return `${from} -> ${to}${typeOnly ? " (type)" : ""}`;
}

function words(text: string): string[] {
  return text.trim().split(/\s+/).sort();
}

/** The names that mod.ts exports, and those that the signatures of these mention. */
async function readDocs(): Promise<{ names: string[]; mentioned: Set<string> }> {
  const symbols = await readDocumented();
  const mentioned = new Set<string>();
  for (const { name, declarations } of symbols) {
    JSON.stringify(declarations, (key, value) => {
      const mentions = (key === "typeName" || key === "extends") && typeof value === "string";
      if (mentions && value !== name) mentioned.add(value);
      return value;
    });
  }
  return { names: symbols.map(({ name }) => name), mentioned };
}
