/**
 * What the matrix needs and this project has not: other runtimes, bundlers and a browser.
 *
 * @module
 */
import { runOrThrow } from "./npm_package.ts";

/** From npm, so that everybody has the same. */
const TOOLS: Readonly<Record<string, string>> = {
  "bun": "1.4.5",
  "esbuild": "0.28.2",
  "vite": "8.3.8",
  "webpack": "5.112.2",
  "webpack-cli": "7.3.1",
  "workerd": "1.20261117.1",
};

/** What the project's own tests import from npm. */
const TEST_PACKAGES: Readonly<Record<string, string>> = {
  "@jest/fake-timers": "30.5.2",
  "@opentelemetry/api": "1.9.0",
  "@opentelemetry/context-async-hooks": "1.30.1",
  "@opentelemetry/sdk-metrics": "1.30.1",
  "@opentelemetry/sdk-trace-base": "1.30.1",
  "@sinonjs/fake-timers": "15.5.0",
  "bullmq": "6.7.0",
  "deno-std": "1.4.0",
  "ioredis": "5.11.1",
  "vitest": "4.0.15",
};

/** Where the packages of the tests are kept from one run to the next. */
export function testPackages(): Promise<string> {
  return install("strand-test-packages", TEST_PACKAGES, Deno.env.get("STRAND_TEST_PACKAGES"));
}

/** Where the tools are kept from one run to the next. */
export function toolbox(): Promise<string> {
  return install("strand-runtimes", TOOLS, Deno.env.get("STRAND_TOOLBOX"));
}

/** Have npm install packages into a folder that is kept, unless it has them already. */
export async function install(
  name: string,
  packages: Readonly<Record<string, string>>,
  folder = `${Deno.env.get("TMPDIR") ?? "/tmp"}/${name}`,
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const wanted = JSON.stringify({ private: true, type: "module", dependencies: packages }, null, 2);
  const manifest = `${folder}/package.json`;
  const installed = await Deno.readTextFile(manifest).catch(() => "");
  const last = Object.keys(packages).at(-1);
  if (installed !== wanted || !await exists(`${folder}/node_modules/${last}`)) {
    await Deno.writeTextFile(manifest, wanted);
    console.log(`Installing ${Object.keys(packages).join(", ")} from npm`);
    await runOrThrow("npm", ["install", "--no-audit", "--no-fund", "--no-package-lock"], folder);
  }
  return folder;
}

/** The executable of a version of Node; npm brings it. */
export async function findNode(version: number): Promise<string> {
  const found = await runOrThrow("npx", ["-y", "-p", `node@${version}`, "which", "node"], ".");
  return found.trim().split("\n").at(-1)!;
}

/** The browser; Debian's own is installed where there is none and that is allowed. */
export async function findChromium(): Promise<string> {
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  for (let attempt = 0; attempt < 2; attempt++) {
    for (const name of names) {
      const { success } = await new Deno.Command("which", { args: [name], stdout: "null" })
        .output();
      if (success) return name;
    }
    if (attempt > 0 || Deno.uid() !== 0) break;
    console.log("Installing chromium");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await runOrThrow("apt-get", ["update", "-qq"], ".", env);
    await runOrThrow("apt-get", ["install", "-y", "-qq", "chromium"], ".", env);
  }
  throw new Error(`There is no browser: install one of ${names.join(", ")}`);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
