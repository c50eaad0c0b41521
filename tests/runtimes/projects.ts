/**
 * The tiny projects of examples/, built and run as their readers would.
 *
 * @module
 */
import { BrowserPage } from "./browser.ts";
import { serveDev } from "./dev_server.ts";
import { runOrThrow } from "./npm_package.ts";
import type { Outcome } from "./outcome.ts";
import { openPage } from "./pages.ts";
import { findChromium, findNode } from "./toolbox.ts";
import { askWorkerd } from "./workerd.ts";

const FOLDER = new URL("../../examples/", import.meta.url);

export const EXAMPLES = ["node", "bun", "vite", "cloudflare"] as const;

export type Example = (typeof EXAMPLES)[number];

const ANSWER = "1229 primes below 10000";

/** Build an example where it finds the package, and run it. */
export async function runExample(name: Example, npm: string): Promise<Outcome> {
  const folder = `${npm}/example-${name}`;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  for await (const file of Deno.readDir(new URL(name, FOLDER))) {
    await Deno.copyFile(new URL(`${name}/${file.name}`, FOLDER), `${folder}/${file.name}`);
  }
  return await RUN[name](folder, `${npm}/node_modules/.bin`, npm);
}

const RUN: Record<Example, (folder: string, bin: string, npm: string) => Promise<Outcome>> = {
  async node(folder) {
    const says = [];
    for (const version of [20, 24]) {
      says.push(await runOrThrow(await findNode(version), ["main.js"], folder));
    }
    return judge(says.every((said) => said.includes(ANSWER)), says.join("\n"));
  },
  async bun(folder, bin) {
    const said = await runOrThrow(`${bin}/bun`, ["main.ts"], folder);
    return judge(said.includes(ANSWER), said);
  },
  async vite(folder, bin, npm) {
    const chromium = await findChromium();
    // As `npx vite` serves it, and as it is published.
    const said = await serveDev(folder, npm, true, async (address) => {
      await using page = await BrowserPage.open(chromium);
      await page.go(address, `document.body.textContent.includes("below")`);
      return await page.value<string>("document.body.textContent");
    });
    if (!said.includes(ANSWER)) return judge(false, said);
    await runOrThrow(`${bin}/vite`, ["build", "--outDir", "out", "--base", "./"], folder);
    return await openPage(chromium, {
      folders: { "/": `${folder}/out` },
      html: await Deno.readTextFile(`${folder}/out/index.html`),
      wanted: ANSWER,
      script: "",
      isolated: true,
    });
  },
  async cloudflare(folder, bin) {
    const { compatibility_date: date } = JSON.parse(
      await Deno.readTextFile(`${folder}/wrangler.json`),
    );
    const text = await askWorkerd(folder, bin, "worker.js", { date, node: true });
    return judge(text.includes("[0,1,4,9,16,25,36,49,64]"), text);
  },
};

function judge(good: boolean, said: string): Outcome {
  return { passed: good ? 1 : 0, failed: good ? [] : [said], skipped: 0 };
}
