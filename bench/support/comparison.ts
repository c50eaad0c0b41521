/** What one contender of a comparison does. */
export interface Contender<S = unknown> {
  /** Who it is: `"strand"`, a peer with its version, or the floor. */
  name: string;
  /** Whether it is a peer, a floor written by hand, or this library. */
  kind: "ours" | "peer" | "floor";
  /** How many operations one run does, where that differs from the comparison's `ops`. */
  ops?: number;
  /** Make what every run needs, outside the measured time. */
  open?(): S | PromiseLike<S>;
  /** The measured run; throws if what came out is wrong. */
  run(state: S): unknown;
  /** Tidy up after each run, outside the measured time; gets what `run` gave. */
  after?(made: unknown): unknown;
  /** Take down what `open` made. */
  close?(state: S): unknown;
}

/** A limit that the cost of ours over the cost of another has to keep. */
export interface Goal {
  /** The name of the contender, or `"best peer"`. */
  against: string;
  /** The largest ratio that holds; absent where the ratio is only reported. */
  most?: number;
  /** Instead of a ratio: by how many milliseconds ours may be more. */
  mostMore?: number;
}

/** One operation, done by this library and by others. */
export interface Comparison {
  /** What is done, and how often. */
  operation: string;
  /** How many operations one run does: figures are given for one. */
  ops: number;
  /** This library first, then the others; the first of those is the baseline. */
  contenders: Contender[];
  /** What is asked of the ratios. */
  goals: Goal[];
  /** What a run returns, where that is its cost and not the time that it takes. */
  gives?: "ns" | "bytes";
  /** How many runs have to do, where one takes long. */
  few?: number;
  /** How many times the contenders are opened anew, where it is chance how one turns out. */
  openings?: number;
  /** What the cost of ours is made of, where a goal does not hold. */
  remainder?: string;
}

/** Write a contender down with the type of its state checked. */
export function contender<S>(one: Contender<S>): Contender {
  return one as Contender;
}

/** The same for this library. */
export function strand<S>(one: Omit<Contender<S>, "name" | "kind">): Contender {
  return { name: "strand", kind: "ours", ...one } as Contender;
}

/** Throw unless `actual` is what the operation has to give. */
export function expect(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`Expected ${expected}, received ${actual}`);
}

let closeLast: () => unknown = () => {};

/** Take down, but do not wait long for a peer that cannot end. */
export async function closeSoon(close: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, 2_000));
  await Promise.race([Promise.resolve(close()).catch(() => {}), limit]);
  clearTimeout(timer);
}

/** Hand the comparisons of a file to `deno bench`; elsewhere this does nothing. */
export function bench(comparisons: Comparison[]): Comparison[] {
  for (const { operation, ops, contenders, few, gives } of comparisons) {
    if (gives === "bytes") continue;
    const n = few ?? (gives === undefined ? undefined : 5);
    for (const one of contenders) {
      let state: unknown;
      let opened = false;
      Deno.bench({
        name: label(one, ops),
        group: operation,
        baseline: one === contenders[1],
        ...n === undefined ? {} : { n, warmup: 1 },
        async fn(context) {
          if (!opened) {
            opened = true;
            await closeSoon(closeLast);
            state = await one.open?.();
            closeLast = () => one.close?.(state);
          }
          if (one.after === undefined) {
            await one.run(state);
            return;
          }
          context.start();
          const made = await one.run(state);
          context.end();
          await one.after(made);
        },
      });
    }
  }
  return comparisons;
}

/** The name of a bench says how many operations one iteration does. */
function label(one: Contender, ops: number): string {
  const count = one.ops ?? ops;
  return count === 1 ? one.name : `${one.name} x ${count.toLocaleString("en")}`;
}

/** The parts of a bench's name, as written by {@linkcode bench}. */
export function readLabel(name: string): { contender: string; ops: number } {
  const match = /^(.*) x ([\d,]+)$/.exec(name);
  if (match === null) return { contender: name, ops: 1 };
  return { contender: match[1]!, ops: Number(match[2]!.replaceAll(",", "")) };
}
