import { closeSoon, type Comparison, type Contender } from "./comparison.ts";

/** What the rounds of one comparison gave. */
export interface Measured {
  operation: string;
  /** How many rounds were taken. */
  rounds: number;
  /** Per contender, in the order of the comparison: nanoseconds for one operation, the median. */
  costs: { name: string; kind: Contender["kind"]; ns: number }[];
  /** What is asked, and the median over the rounds of ours / theirs, or of the milliseconds more. */
  ratios: { against: string; most: number | null; ratio: number; unit?: "ms more" }[];
  /** Whether the costs are bytes, and no times. */
  inBytes?: boolean;
  remainder?: string;
}

/** How long the rounds of one comparison may take, in milliseconds. */
const BUDGET = 2_000;
const FEWEST = 5;
const MOST = 41;
/** How long a contender runs before it is measured, at least. */
const WARM_UP = 150;
/** How long a sample is, at least: many short runs, so that the cold start of each weighs nothing. */
const SAMPLE = 10;

type Collect = (options?: { type: "minor" }) => void;
const collect: Collect = (globalThis as { gc?: Collect }).gc ?? (() => {});

/**
 * Let the contenders run in turn (ours, theirs, ours, theirs...), so that whatever else the machine
 * does meets all of them, and take the median of the rounds.
 *
 * Young garbage is collected before each run where V8 was told to expose that, so that none of them
 * pays for what another left behind. A full collection would take optimised code with it.
 */
export async function measure(comparison: Comparison, budget = BUDGET): Promise<Measured> {
  const { contenders, openings = 1 } = comparison;
  const samples: number[][] = contenders.map(() => []);
  for (let i = 0; i < openings; i++) await takeRounds(comparison, budget / openings, samples);
  const costs = contenders.map((one, at) => {
    return { name: one.name, kind: one.kind, ns: median(samples[at]!) };
  });
  return {
    operation: comparison.operation,
    rounds: samples[0]!.length,
    costs,
    ...comparison.gives === "bytes" ? { inBytes: true } : {},
    ratios: comparison.goals.map(({ against, most, mostMore }) => {
      const at = against === "best peer" ? bestPeer(costs) : costs.findIndex((one) => {
        return one.name === against;
      });
      if (at < 0) throw new Error(`No contender of "${comparison.operation}" is "${against}"`);
      const name = against === "best peer" ? `best peer: ${costs[at]!.name}` : against;
      if (mostMore !== undefined) {
        const more = samples[0]!.map((ours, round) => (ours - samples[at]![round]!) / 1e6);
        return { against: name, most: mostMore, ratio: median(more), unit: "ms more" };
      }
      const quotients = samples[0]!.map((ours, round) => ours / samples[at]![round]!);
      return { against: name, most: most ?? null, ratio: median(quotients) };
    }),
    ...comparison.remainder === undefined ? {} : { remainder: comparison.remainder },
  };
}

/** Open the contenders, let them run in turn, take them down. */
async function takeRounds(
  { contenders, ops, few = FEWEST, gives }: Comparison,
  budget: number,
  samples: number[][],
): Promise<void> {
  const slow = few < FEWEST;
  const states: unknown[] = [];
  try {
    for (const one of contenders) states.push(await one.open?.());
    const times: number[] = [];
    for (const [at, one] of contenders.entries()) {
      times.push(gives === undefined ? await warmUp(one, states[at], slow) : 1);
      if (gives !== undefined) await one.run(states[at]);
    }
    const end = performance.now() + budget;
    for (let round = 0; round < MOST; round++) {
      if (round >= (slow ? 3 : FEWEST) && performance.now() > end) break;
      for (const [at, one] of contenders.entries()) {
        collect({ type: "minor" });
        let made: unknown;
        const start = performance.now();
        for (let i = 0; i < times[at]!; i++) made = await one.run(states[at]);
        const ns = (performance.now() - start) * 1e6 / times[at]!;
        samples[at]!.push((gives === undefined ? ns : made as number) / (one.ops ?? ops));
        await one.after?.(made);
      }
    }
  } finally {
    for (const [at, one] of contenders.entries()) {
      if (at < states.length) await closeSoon(() => one.close?.(states[at]));
    }
  }
}

/** Run until compiled; how many runs make one sample. */
async function warmUp(one: Contender, state: unknown, slow: boolean): Promise<number> {
  const start = performance.now();
  const fewest = slow ? 1 : 2;
  let quickest = Infinity;
  for (let runs = 0; runs < fewest || performance.now() - start < WARM_UP; runs++) {
    const before = performance.now();
    const made = await one.run(state);
    quickest = Math.min(quickest, performance.now() - before);
    await one.after?.(made);
  }
  if (one.after !== undefined) return 1;
  return Math.max(1, Math.ceil(SAMPLE / quickest));
}

function bestPeer(costs: Measured["costs"]): number {
  let best = -1;
  for (const [at, { kind, ns }] of costs.entries()) {
    if (kind === "peer" && (best < 0 || ns < costs[best]!.ns)) best = at;
  }
  return best;
}

/** The middle of the values, in order of size. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}
