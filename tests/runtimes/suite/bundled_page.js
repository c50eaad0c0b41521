/** Runs the checks in a page that a bundler has made: with workers that the library starts, and with its own. */
import { WorkerPool } from "@strand/strand";
import { tasks } from "./app_tasks.js";
import { runChecks } from "./checks.js";
import { report } from "./report.js";

const worker = () => new Worker(new URL("./app_worker.js", import.meta.url), { type: "module" });
// Some bundlers do not find the file of the library's workers: they need the option.
const found = !location.search.includes("own=no");

const features = {
  context: false,
  threads: true,
  memory: globalThis.crossOriginIsolated,
  processes: false,
  addresses: false,
  source: true,
  exits: true,
};

report(async () => {
  const outcome = await runChecks({ ...features, tasks: true, own: false }, {
    makePool: (options) => new WorkerPool({ ...options, worker }),
    tasks,
  });
  if (!found) return outcome;
  const other = await runChecks({ ...features, tasks: false, own: true }, {
    makePool: (options) => new WorkerPool(options),
    tasks,
  });
  return {
    passed: outcome.passed + other.passed,
    failed: [...outcome.failed, ...other.failed],
    skipped: outcome.skipped + other.skipped,
  };
});
