import { runChild } from "./child.ts";
import { readLabel } from "./comparison.ts";

/** What `deno bench` gave for one contender. */
export interface BenchFigure {
  operation: string;
  contender: string;
  /** Nanoseconds for one operation: on average, at best, and three quarters are below. */
  average: number;
  best: number;
  p75: number;
  iterations: number;
}

interface BenchJson {
  benches: {
    group: string | null;
    name: string;
    results: { ok?: { n: number; min: number; avg: number; p75: number }; failed?: unknown }[];
  }[];
}

/** Run one bench file with `deno bench --json`. */
export async function runBench(file: string): Promise<BenchFigure[]> {
  const path = Deno.realPathSync(new URL(`../${file}`, import.meta.url));
  const args = ["bench", "-A", "--no-check", "--json", path];
  const { ok, stdout } = await runChild(Deno.execPath(), args, { timeout: 150_000, loud: true });
  const start = stdout.indexOf('{\n  "version"');
  if (!ok || start < 0) throw new Error(`deno bench failed on ${file}`);
  const { benches } = JSON.parse(stdout.slice(start)) as BenchJson;
  return benches.map(({ group, name, results }) => {
    const { contender, ops } = readLabel(name);
    const result = results[0]?.ok;
    if (result === undefined) throw new Error(`A bench failed: ${group}, ${name}`);
    return {
      operation: group ?? "",
      contender,
      average: result.avg / ops,
      best: result.min / ops,
      p75: result.p75 / ops,
      iterations: result.n,
    };
  });
}
