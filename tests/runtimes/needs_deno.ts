/**
 * What other runtimes cannot run of the project's own tests, by the feature that is missing.
 *
 * @module
 */

export type Runtime = "node" | "bun";

/** One feature, and what cannot be run without it. */
export interface Need {
  /** How the path of the file ends. */
  readonly file: string;
  /** Which of its tests; all of them, and the file itself, if left out. */
  readonly tests?: RegExp;
  /** Where it is missing; in both if left out. */
  readonly on?: readonly Runtime[];
  readonly feature: string;
}

const NAMES_IN_WORKERS = "names of an import map in a worker";
const CLOSE = "self.close() in a worker";
const SOURCES = "reads the sources with Deno";

export const NEEDS_DENO: readonly Need[] = [
  { file: "architecture_test.ts", feature: SOURCES },
  { file: "docs_test.ts", feature: SOURCES },
  {
    file: "base/builtins_test.ts",
    tests: /asks the runtime for nothing|need timers at most|needs no process/,
    on: ["node"],
    feature: "globals that are loaded when they are first read",
  },
  {
    file: "base/clock_test.ts",
    tests: /before the library is loaded/,
    on: ["bun"],
    feature: "timers behind those put in their place: Bun's node:timers has these, too",
  },
  ...["bull_executor", "faults", "rules", "security"].map((name) => {
    return { file: `bullmq/${name}_test.ts`, on: ["bun"] as const, feature: NAMES_IN_WORKERS };
  }),
  {
    file: "bullmq/payload_test.ts",
    tests: /What Deno 2\.5 and Deno 2\.9 write/,
    on: ["bun"],
    feature: "the format of V8",
  },
  { file: "observe/deno_otel_test.ts", feature: "telemetry of the runtime's own" },
  {
    file: "observe/open_telemetry_test.ts",
    tests: /spans of threads|maps and streams|counts what is queued/,
    on: ["bun"],
    feature: NAMES_IN_WORKERS,
  },
  {
    file: "wire/resource_sharer_test.ts",
    on: ["node"],
    feature: "an event loop that goes on while nothing holds it",
  },
  {
    file: "task/unhandled_test.ts",
    tests: /nobody looks at ends the program|so does a failed future/,
    on: ["bun"],
    feature: "the end of a program by an unhandled rejection: Bun reports it and goes on",
  },
  {
    file: "task/run_test.ts",
    tests: /leaves no signal listener/,
    feature: "replaces verbs of Deno",
  },
  { file: "worker/process/projects_test.ts", feature: "projects and flags of Deno" },
  {
    file: "worker/process/hostile_process_test.ts",
    tests: /sends nonsense is ended/,
    feature: "its way to write an answer, which the test takes over",
  },
  {
    file: "worker/faults_test.ts",
    tests: /after self\.close/,
    on: ["bun"],
    feature: CLOSE,
  },
  {
    file: "worker/between_workers_test.ts",
    tests: /the death of another's|hears of a death/,
    on: ["bun"],
    feature: CLOSE,
  },
  {
    file: "worker/module_guard_test.ts",
    tests: /permissions without the flag/,
    feature: "permissions",
  },
  { file: "worker/runtime_facts_test.ts", feature: "facts of Deno itself" },
  { file: "worker/terminal_test.ts", feature: "a terminal at which Deno asks for permissions" },
  { file: "troubleshooting_test.ts", feature: "quotes the messages of Deno" },
];
