/**
 * Runs the library on every runtime that it is meant for, and shows a table.
 *
 * Usage: deno task test:runtimes [word…]
 *
 * With words, only the rows that have one of them in their name are run: "node 24", "bun", "page",
 * "vite", "workerd", "own" … `--quick` takes the rows that the gate of every change has time for;
 * `--only=tests/task/` takes of the project's own tests those whose path has that in it.
 *
 * @module
 */
import { bundle, BUNDLERS, smallSize } from "../tests/runtimes/bundles.ts";
import { checkDev } from "../tests/runtimes/dev_server.ts";
import { lintPackage, packInto, runOrThrow } from "../tests/runtimes/npm_package.ts";
import type { Outcome } from "../tests/runtimes/outcome.ts";
import { needs, runOwnTests } from "../tests/runtimes/own_tests.ts";
import { openPage } from "../tests/runtimes/pages.ts";
import { EXAMPLES, runExample } from "../tests/runtimes/projects.ts";
import { checkSite } from "../tests/runtimes/site.ts";
import { runPrograms } from "../tests/runtimes/programs.ts";
import { findChromium, findNode, testPackages, toolbox } from "../tests/runtimes/toolbox.ts";
import { COMPATIBILITIES, runWorkerd } from "../tests/runtimes/workerd.ts";

const ROOT = new URL("../", import.meta.url);
const only = Deno.args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);
const SUITE = new URL("tests/runtimes/suite/", ROOT).pathname;
const SHIM = "./tests/runtimes/shim";

/** The most bytes that a page may load for `sleep` and `gather`. */
const MOST_BYTES = 12_000;

interface Row {
  readonly name: string;
  /** Whether there is time for it in the gate of every change. */
  readonly quick?: boolean;
  run(): Promise<Outcome>;
}

const npm = await toolbox();
const packed = await packInto(npm);
const bun = `${npm}/node_modules/.bin/bun`;

const rows: Row[] = [
  { name: "package: lint", quick: true, run: async () => judge(await lintPackage(packed)) },
  ...[20, 22, 24, 26].map((version) => ({
    name: `checks: node ${version}`,
    quick: version === 20 || version === 24,
    run: async () => await runConsole(await findNode(version), []),
  })),
  { name: "checks: bun", quick: true, run: () => runConsole(bun, []) },
  {
    name: "checks: deno",
    run: () =>
      runConsole(Deno.execPath(), ["run", "-A", "--no-check", "--node-modules-dir=manual"]),
  },
  ...[20, 22, 24, 26].map((version) => ({
    name: `programs: node ${version}`,
    quick: version === 20 || version === 24,
    run: async () => {
      return await runPrograms({ name: `node ${version}`, command: await findNode(version), npm });
    },
  })),
  {
    name: "programs: bun",
    quick: true,
    run: () => runPrograms({ name: "bun", command: bun, npm }),
  },
  page("page: isolated", true),
  page("page: plain", false, undefined, true),
  page("page: isolated, with a policy", true, "script-src 'self'"),
  ...BUNDLERS.flatMap((bundler) =>
    [true, false].map((isolated) => ({
      name: `${bundler}: ${isolated ? "isolated" : "plain"}`,
      quick: bundler === "vite" && isolated,
      run: async () => {
        const { folder, script } = await bundle(bundler, npm);
        return await openPage(await findChromium(), { folders: { "/": folder }, script, isolated });
      },
    }))
  ),
  ...[true, false].map((isolated) => ({
    name: `vite dev: ${isolated ? "isolated" : "plain"}`,
    run: async () => await checkDev(npm, await findChromium(), isolated),
  })),
  {
    name: "esbuild: size of sleep and gather",
    quick: true,
    async run() {
      await bundle("esbuild", npm);
      const bytes = await smallSize(npm);
      console.log(`${bytes} bytes, minified and gzipped`);
      return judge(bytes <= MOST_BYTES ? [] : [`${bytes} bytes, at most ${MOST_BYTES}`]);
    },
  },
  ...COMPATIBILITIES.map((one) => ({
    name: `workerd: ${one.date}${one.node ? ", nodejs_compat" : ""}`,
    quick: true,
    run: async () => {
      await bundle("esbuild", npm);
      return await runWorkerd(npm, one);
    },
  })),
  ...EXAMPLES.map((name) => {
    return { name: `example: ${name}`, quick: true, run: () => runExample(name, npm) };
  }),
  { name: "site", quick: true, run: async () => await checkSite(await findChromium()) },
  {
    name: "own tests: node 24",
    async run() {
      const command = [await findNode(24), "--import", `${SHIM}/node.mjs`, "--no-warnings"];
      return await runOwnTests({ runtime: "node", command, npm: await testPackages() }, only);
    },
  },
  {
    name: "own tests: bun",
    async run() {
      const command = [bun, "--preload", `${SHIM}/bun.mjs`];
      return await runOwnTests({ runtime: "bun", command, npm: await testPackages() }, only);
    },
  },
];

const words = Deno.args.filter((arg) => !arg.startsWith("--"));
const quick = Deno.args.includes("--quick");
const chosen = rows.filter(({ name, quick: fast }) => {
  return words.length > 0 ? words.some((word) => name.includes(word)) : !quick || fast;
});

const table: string[] = [];
let passed = 0;
let failed = 0;
for (const { name, run } of chosen) {
  console.log(`\n== ${name}`);
  const start = performance.now();
  let outcome: Outcome;
  try {
    outcome = await run();
  } catch (error) {
    outcome = { passed: 0, failed: [String((error as Error).stack ?? error)], skipped: 0 };
  }
  for (const failure of outcome.failed) console.log(`FAILED ${failure}`);
  const seconds = ((performance.now() - start) / 1_000).toFixed(0);
  passed += outcome.passed;
  failed += outcome.failed.length;
  const counts = [outcome.passed, outcome.failed.length, outcome.skipped, `${seconds} s`];
  table.push(`| ${[name.padEnd(36), ...counts.map((n) => String(n).padStart(7))].join(" | ")} |`);
}

if (needs.size > 0) {
  console.log("\nWhat the tests that were not run there need:");
  const sorted = [...needs].sort(([, a], [, b]) => b - a);
  for (const [feature, count] of sorted) console.log(`  ${String(count).padStart(5)}  ${feature}`);
}
console.log(`\n| ${"".padEnd(36)} |  passed |  failed | not run |    time |`);
console.log(table.join("\n"));
// The last line is what the gate adds up.
console.log(`\n${failed === 0 ? "ok" : "FAILED"} | ${passed} passed | ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);

/** The checks in a runtime that has a console. */
async function runConsole(command: string, args: string[]): Promise<Outcome> {
  const folder = `${npm}/checks`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  for await (const { name } of Deno.readDir(SUITE)) {
    await Deno.copyFile(`${SUITE}/${name}`, `${folder}/${name}`);
  }
  await Deno.writeTextFile(`${folder}/package.json`, `{ "type": "module" }`);
  const said = await runOrThrow(command, [...args, "console.js"], folder);
  const line = said.split("\n").find((line) => line.startsWith('{"passed":'));
  return JSON.parse(line ?? "");
}

/** The checks in a page that is not bundled. */
function page(name: string, isolated: boolean, csp?: string, quick = isolated && !csp): Row {
  return {
    name,
    quick,
    async run() {
      return await openPage(await findChromium(), {
        folders: { "/package/": packed, "/suite/": SUITE },
        packages: {
          "@strand/strand": "/package/mod.js",
          "@strand/strand/worker": "/package/worker.js",
        },
        script: csp === undefined ? "/suite/page.js" : "/suite/page.js?csp",
        isolated,
        ...(csp === undefined ? {} : { csp }),
      });
    },
  };
}

function judge(wrong: string[]): Outcome {
  return { passed: wrong.length === 0 ? 1 : 0, failed: wrong, skipped: 0 };
}
