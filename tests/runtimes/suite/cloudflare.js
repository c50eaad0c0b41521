/** Runs the checks in Cloudflare's runtime, when it is asked to. */
import { WorkerPool } from "@strand/strand";
import { runChecks } from "./checks.js";

export default {
  async fetch(request) {
    const compatible = new URL(request.url).searchParams.has("context");
    const outcome = await runChecks(
      {
        context: compatible,
        threads: false,
        memory: typeof SharedArrayBuffer === "function",
        processes: false,
        addresses: false,
        source: true,
        tasks: false,
        own: false,
        exits: false,
      },
      { makePool: (options) => new WorkerPool(options) },
      5_000,
    );
    return Response.json(outcome);
  },
};
