/**
 * Soak the pools: `deno task soak [minutes] [seed]`.
 *
 * Random pools of all kinds get random work, some of which fails, is cancelled, kills its worker or
 * shares memory. Every call is accounted for, and nothing may grow from round to round.
 *
 * @module
 */
import { soak } from "./soak/soak.ts";

const minutes = Number(Deno.args[0] ?? 1);
const seed = Number(Deno.args[1] ?? Date.now() % 1_000_000);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("Usage: deno task soak [minutes] [seed]");
  Deno.exit(2);
}

const end = performance.now() + minutes * 60_000;
const { rounds, tally, growth } = await soak({
  seed,
  goOn: () => performance.now() < end,
  print: (line) => console.log(line),
});
const { calls, done, failed, cancelled, crashed } = tally;
console.log(
  `${rounds} rounds, ${calls} calls: ${done} done, ${failed} failed, ${cancelled} cancelled, ` +
    `${crashed} crashed`,
);
for (const line of growth) console.log(line);
console.log(growth.length === 0 ? "Nothing has grown" : "Something has grown");
if (growth.length > 0) Deno.exitCode = 1;
