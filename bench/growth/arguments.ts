import { WorkerPool } from "../../mod.ts";
import { expect } from "../support/comparison.ts";
import { type Curve, grow } from "../support/growth.ts";
import { RawWorker } from "../floors/raw_worker.ts";
import { bounce } from "../workers/strand_functions.ts";

await using pool = new WorkerPool(1);
const functions = new URL("../workers/echo_functions.ts", import.meta.url);
const { size } = pool.import<typeof import("../workers/echo_functions.ts")>(functions);

const sizes: number[] = [];
for (let n = 1; n <= 2 ** 28; n *= 16) sizes.push(n);

async function copied(n: number): Promise<void> {
  const bytes = bytesOf(n);
  expect(await pool.submit(size, bytes), n);
}

async function moved(n: number): Promise<void> {
  const buffer = bytesOf(n).buffer;
  last = new Uint8Array(await pool.apply(bounce, [buffer], { transfer: [buffer] }));
  expect(last.byteLength, n);
  expect(buffer.byteLength, 0);
}

const raw = new RawWorker();

async function floor(n: number): Promise<void> {
  expect(await raw.size(bytesOf(n)), n);
}

// One buffer for all runs of a size: filling memory is not what is measured.
let last = new Uint8Array();

function bytesOf(n: number): Uint8Array<ArrayBuffer> {
  if (last.byteLength !== n) last = new Uint8Array(n).fill(7);
  return last;
}

export const curve: Curve = {
  title: "Size of an argument",
  along: "bytes",
  each: "byte",
  series: [
    await grow("copied to a worker", sizes, copied, { prepare: true }),
    await grow("moved to a worker and back", sizes, moved, { prepare: true }),
    await grow("floor: copied by postMessage", sizes, floor, { prepare: true }),
  ],
};
