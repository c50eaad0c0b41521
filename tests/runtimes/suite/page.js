/** Runs the checks in a page that is not bundled. */
import { WorkerPool } from "@strand/strand";
import { runChecks } from "./checks.js";
import { report } from "./report.js";
import { tasks } from "./tasks.js";

const csp = location.search.includes("csp");

report(() =>
  runChecks({
    context: false,
    threads: true,
    memory: globalThis.crossOriginIsolated,
    processes: false,
    addresses: true,
    source: !csp,
    tasks: true,
    own: true,
    exits: true,
  }, {
    makePool: (options) => new WorkerPool(options),
    tasks,
    plain: new URL("./plain.js", import.meta.url),
  })
);
