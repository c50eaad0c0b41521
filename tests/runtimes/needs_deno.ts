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

const SOURCES = "reads the sources with Deno";

export const NEEDS_DENO: readonly Need[] = [
  { file: "architecture_test.ts", feature: SOURCES },
  { file: "docs_test.ts", feature: SOURCES },
  { file: "bull_executor_test.ts", feature: "packages of npm that are no part of the matrix" },
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
  { file: "troubleshooting_test.ts", feature: "quotes the messages of Deno" },
];
