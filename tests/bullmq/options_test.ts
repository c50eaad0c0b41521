import { assertEquals, assertThrows } from "@std/assert";
import { BullExecutor, type BullExecutorOptions, serveBull } from "@strand/strand/bullmq";
import { checkBullCallOptions } from "../../lib/bullmq/bull_executor_options.ts";
import { cancelledOf } from "../../lib/bullmq/cancel_sender.ts";
import { RunningJobs } from "../../lib/bullmq/running_jobs.ts";

// They are looked at before any connection is made.
const connection = {
  duplicate(): never {
    throw new Error("It was connected");
  },
};
class Unused {
  constructor() {
    throw new Error("It was made");
  }
}
const bullmq = { Queue: Unused, Worker: Unused, UnrecoverableError: Error, WaitingError: Error };
const common = {
  bullmq: bullmq as unknown as BullExecutorOptions["bullmq"],
  connection,
  queue: "tests",
  modules: { tasks: "file:///tasks.ts" },
};

type ErrorClass = typeof TypeError | typeof RangeError;

const BOTH: [option: object, Class: ErrorClass, message: string][] = [
  [{ bullmq: {} }, TypeError, "bullmq must be the module"],
  [{ connection: undefined }, TypeError, "connection must be a client of ioredis"],
  [{ queue: 7 }, TypeError, "queue must be a string"],
  [{ queue: "a:b" }, RangeError, 'queue must be a name without ":"'],
  [{ modules: undefined }, TypeError, "modules must be an object"],
  [{ modules: { "a/b": "file:///x.ts" } }, TypeError, '"a/b" is no name of a module'],
  [
    { modules: { a: "./x.ts" } },
    TypeError,
    'module "a" must be an absolute URL, received "./x.ts"',
  ],
  [{ name: 7 }, TypeError, "name must be a string"],
  [{ prefix: "" }, RangeError, "prefix must not be empty"],
];

const EXECUTOR: typeof BOTH = [
  [{ attempts: 0 }, RangeError, "attempts must be a positive integer"],
  [{ backoff: -1 }, RangeError, "backoff must be a number of milliseconds from 0 on"],
  [{ maxPayload: 1.5 }, RangeError, "maxPayload must be a positive integer"],
  [{ chunkMs: 0 }, RangeError, "chunkMs must be a positive number of milliseconds"],
  [{ lease: Infinity }, RangeError, "lease must be a positive number of milliseconds"],
  [{ leese: 1 }, TypeError, 'unknown option "leese"'],
];

const SERVER: typeof BOTH = [
  [{ pool: 0 }, RangeError, "pool must be a positive integer"],
  [{ pool: {} }, TypeError, "pool.apply must be a function"],
  [{ concurrency: 0 }, RangeError, "concurrency must be a positive integer"],
  [{ lockDuration: "1" }, TypeError, "lockDuration must be a number of milliseconds"],
  [{ stalledInterval: 0 }, RangeError, "stalledInterval must be a positive number"],
  [{ maxCrashes: 0 }, RangeError, "maxCrashes must be a positive integer"],
  [{ drainTimeout: -1 }, RangeError, "drainTimeout must be a number of milliseconds from 0 on"],
  [{ resultTtl: NaN }, RangeError, "resultTtl must be a number of milliseconds"],
  [{ concurency: 1 }, TypeError, 'did you mean "concurrency"'],
];

Deno.test("Wrong options of an executor are refused before it connects", () => {
  for (const [option, Class, message] of [...BOTH, ...EXECUTOR]) {
    const make = () => new BullExecutor({ ...common, ...option });
    const error = assertThrows(make, Class, message);
    assertEquals(error.message.startsWith("Cannot create an executor: "), true, error.message);
  }
});

Deno.test("Wrong options of a server are refused before it connects", () => {
  for (const [option, Class, message] of [...BOTH, ...SERVER]) {
    const error = assertThrows(() => serveBull({ ...common, ...option }), Class, message);
    assertEquals(error.message.startsWith("Cannot serve a queue: "), true, error.message);
  }
});

Deno.test("Wrong options of a call are refused", () => {
  const wrong: [options: object, Class: ErrorClass, message: string][] = [
    [{ attempts: 1.5 }, RangeError, "attempts"],
    [{ backoff: "1" }, TypeError, "backoff"],
    [{ delay: Infinity }, RangeError, "delay"],
    [{ key: 7 }, TypeError, "key must be a string"],
    [{ key: "" }, RangeError, "key must not be empty"],
    [{ key: "\ud800" }, RangeError, "key must be well-formed text"],
    [{ priority: 1_000_001 }, RangeError, "priority must be at most 1000000"],
    [{ priority: -1_000_001 }, RangeError, "priority must be an integer of at least -1000000"],
    [{ priority: 0.5 }, RangeError, "priority"],
  ];
  for (const [options, Class, message] of wrong) {
    assertThrows(() => checkBullCallOptions("apply a function", options), Class, message);
  }
});

Deno.test("Of a map all chunks from one on are cancelled by one entry, whatever their number", () => {
  const chunks = Array.from({ length: 1_000 }, (_, n) => `m-me-7-${n + 30}`);
  const all = cancelledOf(["c-me-1", ...chunks, "m-me-8-2~1"], "enough");
  assertEquals(all, [["c-me-1", 0, "enough"], ["m-me-7", 30, "enough"], ["m-me-8", 2, "enough"]]);

  const jobs = new RunningJobs();
  const ids = ["c-me-1", "c-me-2", "m-me-7-29", "m-me-7-30", "m-me-70-99", "m-me-7-31~2"];
  const running = ids.map((id) => jobs.begin(id));
  for (const one of all) jobs.cancel(one);
  assertEquals(
    running.filter(({ stopped }) => stopped === "cancelled").map(({ id }) => id),
    ["c-me-1", "m-me-7-30", "m-me-7-31~2"],
  );
  // Also those that come later.
  assertEquals(["m-me-7-40", "m-me-7-2", "c-me-3"].map((id) => jobs.isCancelled(id)), [
    true,
    false,
    false,
  ]);
});
