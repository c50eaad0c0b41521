/** The worker pools of others, each of two threads, as calls of one function that echoes. */
import { type Contender, expect } from "./comparison.ts";
import * as libraries from "../peers.ts";

const { wrap } = await libraries.comlink();
const multithreading = await libraries.multithreading();
const { Piscina } = await libraries.piscina();
const { FixedThreadPool } = await libraries.poolifier();
const { Tinypool } = await libraries.tinypool();
const workerpool = await libraries.workerpool();

/** A pool that is open for calls. */
export interface EchoPool {
  call(value: number): PromiseLike<unknown>;
  close(): unknown;
}

const THREADS = 2;

function at(file: string): URL {
  return new URL(`../workers/${file}`, import.meta.url);
}

/** Of thousands of calls at once it sometimes leaves one without an answer for ever. */
export const HANGS = "tinypool 2.2.0";

const pools: Record<string, () => EchoPool | Promise<EchoPool>> = {
  "piscina 5.3.2": () => {
    const filename = at("echo_functions.ts").href;
    const pool = new Piscina({ filename, minThreads: THREADS, maxThreads: THREADS });
    return { call: (value) => pool.run(value), close: () => pool.destroy() };
  },
  [HANGS]: () => {
    const filename = at("echo_functions.ts").href;
    const pool = new Tinypool({ filename, minThreads: THREADS, maxThreads: THREADS });
    return { call: (value) => pool.run(value), close: () => pool.destroy() };
  },
  "workerpool 10.0.3": () => {
    // Its web worker does not load in Deno.
    const pool = workerpool.pool(at("workerpool_echo.ts").pathname, {
      minWorkers: THREADS,
      maxWorkers: THREADS,
      workerType: "thread",
    });
    return {
      call: (value) => pool.exec("echo", [value]) as unknown as PromiseLike<unknown>,
      close: () => pool.terminate(),
    };
  },
  "poolifier-web-worker 0.5.15": () => {
    const pool = new FixedThreadPool<number, number>(THREADS, at("poolifier_echo.ts"));
    return { call: (value) => pool.execute(value, "echo"), close: () => pool.destroy() };
  },
  "comlink 4.4.2": () => {
    // It has no pool: two workers taken in turn.
    const workers = Array.from({ length: THREADS }, () => {
      return new Worker(at("comlink_echo.ts"), { type: "module" });
    });
    const ends = workers.map((one) => wrap<{ echo(value: number): number }>(one));
    return {
      call: (value) => ends[value % THREADS]!.echo(value),
      close: () => workers.forEach((one) => one.terminate()),
    };
  },
  "multithreading 0.3.52": async () => {
    multithreading.initRuntime({ maxWorkers: THREADS });
    const echo = (value: number) => value;
    const call = async (value: number) => {
      const result = await multithreading.spawn(multithreading.move(value), echo).join();
      if (!result.ok) throw result.error;
      return result.value;
    };
    // A second call that comes before the worker has loaded the function fails.
    await call(1);
    for (let i = 0; i < 4; i++) await Promise.all([call(1), call(2)]);
    return { call, close: () => multithreading.shutdown() };
  },
};

/** One contender for each of them, but for `without`. */
export function peers(
  run: (pool: EchoPool) => Promise<void>,
  parts: Partial<Contender> = {},
  without?: string,
): Contender[] {
  const chosen = Object.entries(pools).filter(([name]) => name !== without);
  return chosen.map(([name, make]): Contender => ({
    name,
    kind: "peer",
    async open() {
      const pool = await make();
      expect(await pool.call(7), 7);
      return pool;
    },
    run: (pool) => run(pool as EchoPool),
    close: (pool) => (pool as EchoPool).close(),
    ...parts,
  }));
}
