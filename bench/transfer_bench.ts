import { WorkerPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { RawWorker } from "./floors/raw_worker.ts";
import { bounce } from "./workers/strand_functions.ts";

const RAW = "raw postMessage";
const MB = 1024 * 1024;
const COPIES = 20;
const functions = new URL("./workers/echo_functions.ts", import.meta.url);

async function openRaw() {
  const raw = new RawWorker();
  await raw.echo(0);
  return { raw, bytes: new Uint8Array(MB).fill(7), buffer: new ArrayBuffer(64 * MB) };
}

async function openPool() {
  const pool = new WorkerPool(1);
  const { size } = pool.import<typeof import("./workers/echo_functions.ts")>(functions);
  await pool.submit(size, new Uint8Array(1));
  return { pool, size, bytes: new Uint8Array(MB).fill(7), buffer: new ArrayBuffer(64 * MB) };
}

export const comparisons = bench([
  {
    operation: "WorkerPool, 1 MB argument copied",
    ops: COPIES,
    contenders: [
      strand({
        open: openPool,
        async run({ pool, size, bytes }) {
          for (let i = 0; i < COPIES; i++) expect(await pool.submit(size, bytes), MB);
        },
        close: ({ pool }) => pool.terminate(),
      }),
      contender({
        name: RAW,
        kind: "floor",
        open: openRaw,
        async run({ raw, bytes }) {
          for (let i = 0; i < COPIES; i++) expect(await raw.size(bytes), MB);
        },
        close: ({ raw }) => raw.stop(),
      }),
    ],
    goals: [{ against: RAW, most: 1.1 }],
    remainder:
      "it is one message, whose bytes are copied once on either side, as by postMessage. The call " +
      "of postMessage itself takes from 55 to 145 µs for the same megabyte, and 100 to 190 µs " +
      "within a pool's call, as the allocator happens to have pages at hand; collecting garbage " +
      "takes 32 µs of a call and 13 µs of a bare message, since V8 counts the bytes against the " +
      "heap that receives them. In one program the ratio is from 1.0 to 1.7, by chance.",
  },
  {
    operation: "WorkerPool, 64 MB moved there and back",
    ops: COPIES,
    contenders: [
      strand({
        open: openPool,
        async run(state) {
          for (let i = 0; i < COPIES; i++) {
            const { pool, buffer } = state;
            state.buffer = await pool.apply(bounce, [buffer], { transfer: [buffer] });
            expect(buffer.byteLength, 0);
          }
          expect(state.buffer.byteLength, 64 * MB);
        },
        close: ({ pool }) => pool.terminate(),
      }),
      contender({
        name: RAW,
        kind: "floor",
        open: openRaw,
        async run(state) {
          for (let i = 0; i < COPIES; i++) {
            const { raw, buffer } = state;
            state.buffer = await raw.bounce(buffer) as ArrayBuffer;
            expect(buffer.byteLength, 0);
          }
          expect(state.buffer.byteLength, 64 * MB);
        },
        close: ({ raw }) => raw.stop(),
      }),
    ],
    goals: [{ against: RAW, most: 1.3 }],
    remainder:
      "no byte is copied or looked at. V8 counts the buffer against the heap of whichever " +
      "thread holds it, and 64 MB are its limit, so that both threads collect all their garbage " +
      "every 10 ms, for 1 to 3 ms each time: in proportion to what else is alive there, which is " +
      "the library besides the worker's own 3 MB. Between collections a move there and back takes " +
      "28 µs, and 19 µs by postMessage.",
  },
]);
