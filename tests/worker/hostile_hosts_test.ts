/** What `hostile_test.ts` says of one host, on real threads: user code got hold of the port. */
import { assertEquals, assertRejects } from "@std/assert";
import { WorkerCrashedError, WorkerPool } from "../../mod.ts";

/** Send something else instead of the next answer. */
const hijack = (which: number) => {
  const long = () => Object.assign([], { length: 2 ** 32 - 1 });
  const messages: unknown[] = [
    null,
    "text",
    [],
    [99],
    [0],
    [2, 7_000, 1],
    [2, -1, 1],
    [2, 0, { value: 1, marks: long(), boxes: long() }, true],
    [3, 0, null, false],
    [4, 0, long(), 1],
    [5, 0, 1],
    [7],
    [8, null, null],
    [8, [1], [2]],
  ];
  const { process } = globalThis as unknown as {
    process?: { getBuiltinModule(name: string): { workerData?: { strand?: [MessagePort] } } };
  };
  const [port] = process?.getBuiltinModule("node:worker_threads").workerData?.strand ?? [];
  if (port !== undefined) {
    port.postMessage(messages[which]);
    return new Promise<never>(() => {});
  }
  const { postMessage } = MessagePort.prototype;
  MessagePort.prototype.postMessage = function (this: MessagePort) {
    return postMessage.call(this, messages[which]);
  };
  return { an: "answer" };
};
const MESSAGES = 14;

for (const host of ["web", "node"] as const) {
  Deno.test(`${host}: a worker that sends nonsense is ended, and nothing else`, async () => {
    await using pool = new WorkerPool({ host, maxWorkers: 2 });
    for (let which = 0; which < MESSAGES; which++) {
      await assertRejects(
        () => Promise.resolve(pool.submit(hijack, which)),
        WorkerCrashedError,
        undefined,
        `message ${which}`,
      );
      assertEquals(await pool.submit((n: number) => n + 1, which), which + 1);
    }
    assertEquals(pool.stats.crashed, MESSAGES);
  });
}
