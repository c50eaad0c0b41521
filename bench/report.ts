/**
 * Runs every benchmark and writes `REPORT.md` and its charts.
 *
 * @module
 */
import { type BenchFigure, runBench } from "./support/bench_run.ts";
import { barChart, growthChart, memoryChart } from "./support/charts.ts";
import { runChild } from "./support/child.ts";
import { bend, type Curve, type Series } from "./support/growth.ts";
import { type Machine, readMachine } from "./support/machine.ts";
import { table } from "./support/markdown.ts";
import type { Measured } from "./support/ratio.ts";
import { findPython, runTwins, type Twin } from "./support/twins.ts";
import { count, duration } from "./support/units.ts";

/** The subjects, each a bench file. */
const SUBJECTS = [
  ["semaphore", "Semaphore"],
  ["lock", "Lock"],
  ["condition", "Condition"],
  ["queue", "Queue"],
  ["task_group", "Tasks and groups"],
  ["sleep", "Sleep"],
  ["task_pool", "TaskPool"],
  ["worker_pool", "WorkerPool"],
  ["transfer", "Large arguments"],
  ["process_pool", "ProcessPool"],
  ["shared", "Shared memory"],
  ["machines", "More than one machine"],
  ["primes", "Primes"],
  ["start", "Starting"],
  ["memory", "Memory"],
  ["node", "Node 24"],
] as const;

const CURVES = [
  "tasks",
  "waiters",
  "standing",
  "cancelling",
  "map_items",
  "arguments",
  "workers",
] as const;

interface Subject {
  name: string;
  title: string;
  measured: Measured[];
  figures: BenchFigure[];
}

const failures: string[] = [];
const begin = performance.now();

const machine = await readMachine();
const subjects: Subject[] = [];
for (const [name, title] of SUBJECTS) {
  say(`${title}: in turn`);
  const measured = await attempt(
    title,
    () => measureFile<Measured[]>("measure.ts", `${name}_bench.ts`),
  );
  say(`${title}: deno bench`);
  const figures = await attempt(title, () => runBench(`${name}_bench.ts`));
  subjects.push({ name, title, measured: measured ?? [], figures: figures ?? [] });
}
const curves: { name: string; curve: Curve }[] = [];
for (const name of CURVES) {
  say(`Growth: ${name}`);
  const curve = await attempt(name, () => measureFile<Curve>("measure_growth.ts", `${name}.ts`));
  if (curve !== undefined) curves.push({ name, curve });
}
say("CPython");
const python = await findPython();
const twins = python && await attempt("CPython", () => runTwins(python));

const charts = new URL("./charts/", import.meta.url);
await Deno.remove(charts, { recursive: true }).catch(() => {});
await Deno.mkdir(charts);
for (const { name, title, measured } of subjects) {
  if (measured.length > 0) await writeChart(name, barChart(title, measured));
}
for (const { name, curve } of curves) {
  await writeChart(`growth_${name}`, growthChart(curve));
  if (hasMemory(curve)) await writeChart(`memory_${name}`, memoryChart(curve));
}
await Deno.writeTextFile(new URL("./REPORT.md", import.meta.url), writeReport());
say(`Written in ${((performance.now() - begin) / 1_000).toFixed(0)} s`);
if (failures.length > 0) {
  console.error(`Failed:\n${failures.join("\n")}`);
  Deno.exit(1);
}

/** One that fails is named in the report and does not hold the others up. */
async function attempt<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    failures.push(`${what}: ${(error as Error).message}`);
    return undefined;
  }
}

async function measureFile<T>(script: string, file: string): Promise<T> {
  const path = Deno.realPathSync(new URL(`./support/${script}`, import.meta.url));
  const { ok, stdout } = await runChild(
    Deno.execPath(),
    ["run", "-A", "--no-check", "--v8-flags=--expose-gc", path, file],
    { loud: Deno.stderr.isTerminal() },
  );
  if (!ok) throw new Error(`${file} could not be measured`);
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
}

function say(step: string): void {
  if (!Deno.stderr.isTerminal()) return;
  console.error(`[${((performance.now() - begin) / 1_000).toFixed(0)} s] ${step}`);
}

async function writeChart(name: string, svg: string): Promise<void> {
  await Deno.writeTextFile(new URL(`${name}.svg`, charts), svg);
}

function hasMemory({ series }: Curve): boolean {
  return series.some(({ points }) => points.some(({ rss }) => rss !== undefined));
}

function writeReport(): string {
  return [
    "# Benchmarks",
    "Written by `deno task bench:report`. Every ratio is ours / theirs in one run on one machine: " +
    "the contenders run in turn, and the median of the rounds counts. A floor is the least that " +
    "the runtime itself asks for, written by hand, without cancellation, limits or errors.",
    machineTable(machine),
    "## Goals",
    goalsTable(),
    ...remainders(),
    "## Side by side",
    "The charts show the medians of the rounds taken in turn; the tables what `deno bench` gave.",
    ...subjects.flatMap(subjectSection),
    "## How cost grows",
    "The bend is the cost of one at the largest size over that at the size before: 1 is flat.",
    ...curves.flatMap(curveSection),
    ...pythonSection(twins),
    ...failures.length === 0 ? [] : [
      "## Not measured",
      failures.map((one) => `- ${one}`).join("\n"),
    ],
  ].join("\n\n") + "\n";
}

function machineTable({ cpu, cores, memory, system, deno, v8, date }: Machine): string {
  return table(["machine", ""], [
    ["processor", `${cpu}, ${cores} cores`],
    ["memory", memory],
    ["system", system],
    ["Deno", `${deno} (V8 ${v8})`],
    ["Python", python?.version ?? "not found"],
    ["date", date],
  ]);
}

function goalsTable(): string {
  const rows = subjects.flatMap(({ measured }) =>
    measured.flatMap(({ operation, ratios }) =>
      ratios.map(({ against, most, ratio, unit }) => [
        operation,
        against,
        most === null ? "reported" : [`<= ${most}`, unit ?? ""].join(" ").trim(),
        ratio.toPrecision(3),
        most === null ? "" : ratio <= most ? "yes" : "**no**",
      ])
    )
  );
  return table(["operation", "against", "goal:", "measured:", "holds"], rows);
}

/** Where the time goes in the rows whose goals do not hold. */
function remainders(): string[] {
  const rows = subjects.flatMap(({ measured }) => measured).filter(({ ratios, remainder }) => {
    return remainder !== undefined &&
      ratios.some(({ most, ratio }) => most !== null && ratio > most);
  });
  if (rows.length === 0) return [];
  return [
    "What the cost is made of where a goal does not hold:",
    rows.map(({ operation, remainder }) => `- ${operation}: ${remainder}`).join("\n"),
  ];
}

function subjectSection({ name, title, measured, figures }: Subject): string[] {
  if (measured.length === 0 && figures.length === 0) return [];
  const rows = figures.map(({ operation, contender, average, best, p75, iterations }) => {
    return [
      operation,
      contender,
      duration(average),
      duration(best),
      duration(p75),
      `${iterations}`,
    ];
  });
  return [
    `### ${title}`,
    ...measured.length > 0 ? [`![${title}: cost of one operation](charts/${name}.svg)`] : [],
    ...rows.length > 0
      ? [table(["operation", "contender", "average:", "best:", "p75:", "iterations:"], rows)]
      : [],
  ];
}

function curveSection({ name, curve }: { name: string; curve: Curve }): string[] {
  const sizes = [...new Set(curve.series.flatMap(({ points }) => points.map(({ n }) => n)))];
  const rows = curve.series.map((series) => [
    series.name,
    ...sizes.map((size) => {
      const point = series.points.find(({ n }) => n === size);
      return point === undefined ? "" : duration(point.ns);
    }),
    bend(series).toFixed(2),
  ]);
  const memory = curve.series.filter(({ points }) => points.some(({ rss }) => rss !== undefined));
  const memoryRows = memory.map(({ name, points }) => [
    name,
    ...sizes.map((size) => {
      const point = points.find(({ n }) => n === size);
      return point === undefined ? "" : `${count(point.rss!)} (${count(point.heap!)})`;
    }),
  ]);
  const heads = sizes.map((size) => `${count(size)}:`);
  return [
    `### ${curve.title}`,
    `![${curve.title}: cost of one ${curve.each}](charts/growth_${name}.svg)`,
    `Time for one ${curve.each}, by the number of ${curve.along}:`,
    table(["", ...heads, "bend:"], rows),
    ...overFloor(curve, sizes),
    ...memory.length === 0 ? [] : [
      `![${curve.title}: memory](charts/memory_${name}.svg)`,
      "The most memory of the process in MB, and in brackets what was alive in the JavaScript heap:",
      table(["", ...heads], memoryRows),
    ],
  ];
}

/** What is left of the growth when that of the runtime itself is taken out. */
function overFloor({ series }: Curve, sizes: number[]): string[] {
  const floor = series.find(({ name }) => name.startsWith("floor:"));
  if (floor === undefined) return [];
  const at = (one: Series, size: number) => one.points.find(({ n }) => n === size)?.ns;
  const rows = series.filter((one) => one !== floor).map((one) => [
    one.name,
    ...sizes.map((size) => {
      const [ours, theirs] = [at(one, size), at(floor, size)];
      return ours === undefined || theirs === undefined ? "" : (ours / theirs).toFixed(2);
    }),
  ]);
  return [
    "The same, divided by the floor: a row that stays as it is grows as the runtime makes it grow.",
    table(["", ...sizes.map((size) => `${count(size)}:`)], rows),
  ];
}

function pythonSection(twins: Twin[] | undefined): string[] {
  if (python === undefined || twins === undefined) return [];
  const rows = twins.map(({ program, ours, theirs }) => [
    program,
    duration(ours * 1e6),
    duration(theirs * 1e6),
    (ours / theirs).toPrecision(3),
  ]);
  return [
    `## Beside CPython ${python.version}`,
    "The same programs, in `bench/twins`, written in both languages.",
    table(["program", "Strand:", "CPython:", "ratio:"], rows),
  ];
}
