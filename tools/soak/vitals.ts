import { allTasks } from "../../mod.ts";

/** What must not grow from round to round. */
export interface Vitals {
  /** Threads of this process; 0 where that cannot be read. */
  threads: number;
  /** Open descriptors; 0 where that cannot be read. */
  descriptors: number;
  tasks: number;
  /** Megabytes that live on the heap. */
  heap: number;
  /** Megabytes of the process in memory. */
  rss: number;
}

/** Take them now; with `--expose-gc` what nobody holds is collected before. */
export function takeVitals(): Vitals {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = Deno.memoryUsage();
  return {
    threads: number(() =>
      /^Threads:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/self/status"))![1]
    ),
    descriptors: number(() => [...Deno.readDirSync("/proc/self/fd")].length),
    tasks: allTasks().size,
    heap: heapUsed / 2 ** 20,
    rss: rss / 2 ** 20,
  };
}

function number(read: () => unknown): number {
  try {
    return Number(read());
  } catch {
    return 0;
  }
}

/**
 * What has grown over many rounds: the least of the last third is more than the most of the third
 * after the first. The first third warms up. Says nothing of fewer than nine rounds.
 */
export function findGrowth(rounds: readonly Vitals[]): string[] {
  const third = Math.floor(rounds.length / 3);
  if (third < 3) return [];
  const middle = rounds.slice(third, 2 * third);
  const last = rounds.slice(-third);
  // What is beside it is noise: a thread of the runtime's pool, a page or two.
  const slack: Vitals = { threads: 2, descriptors: 4, tasks: 0, heap: 2, rss: 48 };
  return (Object.keys(slack) as (keyof Vitals)[]).flatMap((name) => {
    const before = Math.max(...middle.map((vitals) => vitals[name]));
    const after = Math.min(...last.map((vitals) => vitals[name]));
    if (after <= before + slack[name]) return [];
    return [`${name} grew from ${before.toFixed(1)} to ${after.toFixed(1)}`];
  });
}
