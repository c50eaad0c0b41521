/**
 * What a call costs the Redis, of this library and of BullMQ by itself: processor time, commands,
 * bytes; and how much memory it has when 10,000 results were taken.
 *
 * Run it: `deno run -A --import-map=tests/import_map.json bench/machines/figures.ts`
 *
 * @module
 */
import type { Redis } from "../../tests/bullmq/support/engine.ts";
import { openOurs, openRaw } from "./rivals.ts";
import { square } from "./square.ts";

const CALLS = 2_000;
const TAKEN = 10_000;

interface Usage {
  cpu: number;
  commands: number;
  in: number;
  out: number;
}

async function usageOf(redis: Redis): Promise<Usage> {
  const info = `${await redis.info("cpu")}\n${await redis.info("stats")}`;
  const number = (name: string) => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)![1]);
  return {
    cpu: number("used_cpu_user") + number("used_cpu_sys"),
    commands: number("total_commands_processed"),
    in: number("total_net_input_bytes"),
    out: number("total_net_output_bytes"),
  };
}

async function memoryOf(redis: Redis): Promise<number> {
  const info = await redis.info("memory");
  return Number(/^used_memory:(\d+)/m.exec(info)![1]);
}

async function measure(
  name: string,
  redis: Redis,
  calls: (count: number) => Promise<unknown>,
): Promise<void> {
  await calls(200);
  const before = await usageOf(redis);
  const memory = await memoryOf(redis);
  const start = performance.now();
  await calls(CALLS);
  const seconds = (performance.now() - start) / 1_000;
  const after = await usageOf(redis);
  for (let done = CALLS; done < TAKEN; done += CALLS) await calls(CALLS);
  // Receipts go out some milliseconds later.
  await new Promise((resolve) => setTimeout(resolve, 500));
  const kept = await memoryOf(redis) - memory;
  const each = (of: keyof Usage) => (after[of] - before[of]) / CALLS;
  console.log(
    `| ${name} | ${Math.round(CALLS / seconds)} | ${(1e3 * each("cpu")).toFixed(3)} ms | ` +
      `${each("commands").toFixed(1)} | ${Math.round(each("in"))} | ${Math.round(each("out"))} | ` +
      `${(kept / 2 ** 20).toFixed(1)} MiB |`,
  );
}

console.log(
  "| | calls/s | Redis CPU per call | commands | bytes in | bytes out | after 10,000 taken |",
);
console.log("| --- | --- | --- | --- | --- | --- | --- |");
const numbers = (length: number) => Array.from({ length }, (_, n) => n);
const ours = await openOurs();
await measure("BullExecutor, calls", ours.connection, (count) => {
  return Promise.all(numbers(count).map((n) => ours.executor.submit(square, n)));
});
await measure("BullExecutor, items of a map", ours.connection, async (count) => {
  await ours.executor.map(square, numbers(count));
});
await ours.close();
const raw = await openRaw();
await measure("BullMQ by itself", raw.connection, (count) => {
  return Promise.all(numbers(count).map(raw.call));
});
await raw.close();
