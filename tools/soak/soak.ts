import { Random } from "../../tests/support/random.ts";
import { type Kind, runRound, type Tally } from "./round.ts";
import { findGrowth, takeVitals, type Vitals } from "./vitals.ts";

/** What a soak came to. */
export interface Soaked {
  rounds: number;
  tally: Tally;
  /** What has grown. */
  growth: string[];
}

/** How long to soak, and what to tell meanwhile. */
export interface SoakOptions {
  seed: number;
  /** Whether to go on after so many rounds. */
  goOn: (rounds: number) => boolean;
  kinds?: readonly Kind[];
  print?: (line: string) => void;
}

const HEAD =
  "round    seed  calls   done failed cancelled crashed  threads  fds tasks  heap    rss";

/**
 * Round after round of random pools and work.
 *
 * @throws What a call came to that the program does not account for, with the seed of the round.
 */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const { seed, goOn, kinds = ["web", "node", "process"], print = () => {} } = options;
  const total: Tally = { calls: 0, done: 0, failed: 0, cancelled: 0, crashed: 0 };
  const history: Vitals[] = [];
  print(HEAD);
  let rounds = 0;
  for (; goOn(rounds); rounds++) {
    const own = seed + rounds;
    let tally: Tally;
    try {
      tally = await runRound(new Random(own), kinds);
    } catch (cause) {
      throw new Error(`Round ${rounds}, seed ${own}: ${(cause as Error).message}`, { cause });
    }
    for (const name of Object.keys(total) as (keyof Tally)[]) total[name] += tally[name];
    const { calls, done, failed, cancelled, crashed } = tally;
    if (calls !== done + failed + cancelled + crashed) {
      throw new Error(`Round ${rounds}, seed ${own}: ${JSON.stringify(tally)} does not add up`);
    }
    const vitals = takeVitals();
    history.push(vitals);
    print(line(rounds, own, tally, vitals));
  }
  return { rounds, tally: total, growth: findGrowth(history) };
}

function line(round: number, seed: number, tally: Tally, vitals: Vitals): string {
  const { calls, done, failed, cancelled, crashed } = tally;
  const { threads, descriptors, tasks, heap, rss } = vitals;
  const cells: [value: string | number, width: number][] = [
    [round, 5],
    [seed, 8],
    [calls, 7],
    [done, 7],
    [failed, 7],
    [cancelled, 10],
    [crashed, 8],
    [threads, 9],
    [descriptors, 5],
    [tasks, 6],
    [heap.toFixed(1), 6],
    [rss.toFixed(1), 7],
  ];
  return cells.map(([value, width]) => `${value}`.padStart(width)).join("");
}
