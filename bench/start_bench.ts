import { WorkerPool } from "../mod.ts";
import { RawWorker } from "./floors/raw_worker.ts";
import { remoteEcho } from "./workers/remote_echo.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { processorTime, runProgram } from "./support/programs.ts";

const EMPTY = "empty program";
const RAW = "raw worker";

export const comparisons = bench([
  {
    operation: "A program that uses gather, Queue and TaskGroup, processor time",
    ops: 1,
    gives: "ns",
    contenders: [
      strand({ run: () => processorTime("import_strand.ts") }),
      contender({ name: EMPTY, kind: "floor", run: () => processorTime("import_nothing.ts") }),
      contender({
        name: "p-queue 10.0.0",
        kind: "peer",
        run: () => processorTime("import_p_queue.ts"),
      }),
      contender({
        name: "effection 4.1.1",
        kind: "peer",
        run: () => processorTime("import_effection.ts"),
      }),
      contender({
        name: "effect 4.1.0",
        kind: "peer",
        run: () => processorTime("import_effect.ts"),
      }),
    ],
    goals: [{ against: EMPTY, mostMore: 12 }, { against: "best peer" }],
    remainder:
      "the number of modules. For each of the 200, Deno reads the source, looks it up in " +
      "its caches, reads the script that it made of it before, and resolves its imports: as much as " +
      "for 200 modules of one line each with as many imports, and half as much again for the bytes. " +
      "As one file all of it would take a fifth. What the modules do when they are loaded does not " +
      "show, and V8's cache of compiled code gains nothing for files this small.",
  },
  {
    operation: "A program with a WorkerPool and its first result, whole process",
    ops: 1,
    few: 11,
    contenders: [
      strand({ run: async () => expect(await runProgram("pool_strand.ts"), "7") }),
      contender({
        name: RAW,
        kind: "floor",
        run: async () => expect(await runProgram("pool_raw.ts"), "7"),
      }),
    ],
    goals: [{ against: RAW, most: 1.5 }],
    remainder: "loading the 200 modules of the library in the main thread, and 59 of them in the " +
      "worker, one after the other. Starting the thread itself holds the main thread as long as it " +
      "does for a bare worker; what tells of its end is loaded meanwhile.",
  },
  {
    operation: "New pool of 2 to its first result, a remote function",
    ops: 1,
    contenders: [
      strand({
        async run() {
          const pool = new WorkerPool(2);
          expect(await pool.submit(remoteEcho, 7), 7);
          return pool;
        },
        after: (pool) => (pool as WorkerPool).terminate(),
      }),
      contender({
        name: "raw worker with an import",
        kind: "floor",
        async run() {
          const worker = new RawWorker("raw_echo_with_import.ts");
          expect(await worker.echo(7), 7);
          return worker;
        },
        after: (worker) => (worker as RawWorker).stop(),
      }),
    ],
    goals: [{ against: "raw worker with an import", most: 1.8 }],
    remainder: "the module of the function imports the library, so that the worker loads all 200 " +
      "modules of it, as the main thread did.",
  },
]);
