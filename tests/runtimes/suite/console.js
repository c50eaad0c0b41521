/** Runs the checks in a runtime that has a console; the last line is JSON. */
import { WorkerPool } from "@strand/strand";
import { runChecks } from "./checks.js";
import { tasks } from "./tasks.js";

const features = {
  context: true,
  threads: true,
  memory: true,
  processes: true,
  addresses: true,
  source: true,
  tasks: true,
  own: true,
  // Web Workers in Deno burn on in a loop that never ends.
  exits: globalThis.Deno === undefined,
};
const outcome = await runChecks(features, {
  makePool: (options) => new WorkerPool(options),
  tasks,
  plain: new URL("./plain.js", import.meta.url),
});
console.log(JSON.stringify(outcome));
