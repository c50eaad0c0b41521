// One library on Node, once: `node run.mjs <library> <what>` prints nanoseconds. Runs in a folder that
// has the libraries; what is not asked for is not loaded.
import { fileURLToPath } from "node:url";

const [, , library, what] = process.argv;
const filename = fileURLToPath(new URL("./echo.mjs", import.meta.url));

const open = {
  async strand() {
    const { WorkerPool } = await import("@strand/strand");
    return () => {
      const pool = new WorkerPool(2);
      const { echo } = pool.import(new URL("./echo.mjs", import.meta.url));
      return { call: (value) => pool.submit(echo, value), close: () => pool.shutdown() };
    };
  },
  async piscina() {
    const { Piscina } = await import("piscina");
    return () => {
      const pool = new Piscina({ filename, minThreads: 2, maxThreads: 2 });
      return { call: (value) => pool.run(value), close: () => pool.destroy() };
    };
  },
  async tinypool() {
    const { Tinypool } = await import("tinypool");
    return () => {
      const pool = new Tinypool({ filename, minThreads: 2, maxThreads: 2 });
      return { call: (value) => pool.run(value), close: () => pool.destroy() };
    };
  },
};

const make = await open[library]();
if (what === "import") process.exit(0);

const start = performance.now();
const pool = make();
check(await pool.call(7), 7);
if (what === "start") report(start, 1);

if (what === "one") {
  for (let i = 0; i < 500; i++) await pool.call(i);
  const start = performance.now();
  for (let i = 0; i < 2_000; i++) check(await pool.call(i), i);
  report(start, 2_000);
}
if (what === "many") {
  const many = () => Promise.all(Array.from({ length: 5_000 }, (_, i) => pool.call(i)));
  for (let i = 0; i < 3; i++) await many();
  const start = performance.now();
  for (let i = 0; i < 5; i++) check((await many())[4_999], 4_999);
  report(start, 25_000);
}

function check(actual, expected) {
  if (actual !== expected) throw new Error(`Expected ${expected}, received ${actual}`);
}

function report(start, operations) {
  console.log((performance.now() - start) * 1e6 / operations);
  process.exit(0);
}
