import { ProcessPool } from "../mod.ts";
import { bench, contender, expect, strand } from "./support/comparison.ts";
import { RawPipe } from "./floors/raw_pipe.ts";

const PIPE = "raw pipe with v8 serialisation";
const MB = 1024 * 1024;
const CALLS = 100;
const COPIES = 10;
const functions = new URL("./workers/echo_functions.ts", import.meta.url);

async function openPool() {
  const pool = new ProcessPool(1);
  const { echo, size } = pool.import<typeof import("./workers/echo_functions.ts")>(functions);
  expect(await pool.submit(echo, 7), 7);
  return { pool, echo, size, bytes: new Uint8Array(MB).fill(7) };
}

async function openPipe() {
  const pipe = new RawPipe();
  expect(await pipe.call(7), 7);
  return { pipe, bytes: new Uint8Array(MB).fill(7) };
}

export const comparisons = bench([
  {
    operation: "ProcessPool, one call at a time",
    ops: CALLS,
    contenders: [
      strand({
        open: openPool,
        async run({ pool, echo }) {
          for (let i = 0; i < CALLS; i++) expect(await pool.submit(echo, i), i);
        },
        close: ({ pool }) => pool.terminate(),
      }),
      contender({
        name: PIPE,
        kind: "floor",
        open: openPipe,
        async run({ pipe }) {
          for (let i = 0; i < CALLS; i++) expect(await pipe.call(i), i);
        },
        close: ({ pipe }) => pipe.stop(),
      }),
    ],
    goals: [{ against: PIPE, most: 1.5 }],
  },
  {
    operation: "ProcessPool, 1 MB argument",
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
        name: PIPE,
        kind: "floor",
        open: openPipe,
        async run({ pipe, bytes }) {
          for (let i = 0; i < COPIES; i++) expect(await pipe.call(bytes), MB);
        },
        close: ({ pipe }) => pipe.stop(),
      }),
    ],
    goals: [{ against: PIPE, most: 1.5 }],
  },
]);
