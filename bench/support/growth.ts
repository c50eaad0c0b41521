import { median } from "./ratio.ts";

/** The cost at one size. */
export interface Point {
  n: number;
  /** Nanoseconds for one of the `n`. */
  ns: number;
  /** The most memory the process held, in MB, where that was watched. */
  rss?: number;
  /** The most that was alive in the JavaScript heap, in MB, where that was watched. */
  heap?: number;
}

/** One line of a chart. */
export interface Series {
  name: string;
  points: Point[];
}

/** How the cost of something grows. */
export interface Curve {
  title: string;
  /** What is counted along the chart. */
  along: string;
  /** What the cost is given for: "task", "byte"... */
  each: string;
  series: Series[];
}

const collect: () => void = (globalThis as { gc?: () => void }).gc ?? (() => {});

/** Watches the memory of the process. */
export class MemoryWatch {
  rss = 0;
  heap = 0;

  /** Look now: what the process holds, and what of the heap is left when garbage is collected. */
  look(): void {
    this.rss = Math.max(this.rss, Deno.memoryUsage().rss / 2 ** 20);
    collect();
    this.heap = Math.max(this.heap, Deno.memoryUsage().heapUsed / 2 ** 20);
  }
}

/** 1, 10, 100... up to `last`. */
export function decades(last: number): number[] {
  const sizes = [];
  for (let n = 1; n <= last; n *= 10) sizes.push(n);
  return sizes;
}

/** Options of {@linkcode grow}. */
export interface GrowOptions {
  /** Whether to write memory down, too. */
  memory?: boolean;
  /** How many milliseconds to spend on a size; a size is run at least once. 150 by default. */
  budget?: number;
  /** Whether each size is run once beforehand, so that what that has to prepare is not measured. */
  prepare?: boolean;
}

/** Run something at each size, small sizes many times, and take the median. */
export async function grow(
  name: string,
  sizes: number[],
  run: (n: number, memory: MemoryWatch) => unknown,
  { memory = false, budget = 150, prepare = false }: GrowOptions = {},
): Promise<Series> {
  for (let i = 0; i < 2; i++) await run(Math.min(1_000, sizes.at(-1)!), new MemoryWatch());
  const points: Point[] = [];
  for (const n of sizes) {
    if (prepare) await run(n, new MemoryWatch());
    collect();
    const watch = new MemoryWatch();
    const samples: number[] = [];
    const end = performance.now() + budget;
    do {
      const start = performance.now();
      await run(n, watch);
      samples.push((performance.now() - start) * 1e6 / n);
    } while (performance.now() < end);
    watch.look();
    points.push({
      n,
      ns: median(samples),
      ...memory ? { rss: watch.rss, heap: watch.heap } : {},
    });
  }
  return { name, points };
}

/** Something done again and again while so many others stand by. */
export interface Standing<S> {
  /** Let `n` stand there. */
  open(n: number): S | PromiseLike<S>;
  /** Do it so many times, and leave as many standing as before. */
  run(state: S, times: number): PromiseLike<void>;
  /** Let all go. */
  close(state: S): unknown;
}

/** How many operations make one sample of {@linkcode growStanding}. */
const OPERATIONS = 2_000;

/** Measure one operation while 1, 10, 100... stand by, and take the median. */
export async function growStanding<S>(
  name: string,
  sizes: number[],
  { open, run, close }: Standing<S>,
  budget = 150,
): Promise<Series> {
  const points: Point[] = [];
  for (const n of sizes) {
    const state = await open(n);
    await run(state, OPERATIONS);
    // Those who stand by were there for long: the garbage collector has them behind it.
    collect();
    const samples: number[] = [];
    const end = performance.now() + budget;
    do {
      const start = performance.now();
      await run(state, OPERATIONS);
      samples.push((performance.now() - start) * 1e6 / OPERATIONS);
    } while (performance.now() < end);
    await close(state);
    points.push({ n, ns: median(samples) });
  }
  return { name, points };
}

/**
 * How much dearer each one is at the largest size than ten times (or the next smaller size) below:
 * 1 is flat, above it the curve bends upwards.
 */
export function bend({ points }: Series): number {
  return points.length < 2 ? 1 : points.at(-1)!.ns / points.at(-2)!.ns;
}
