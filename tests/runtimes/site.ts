/**
 * The site in a real browser: its pages, its search, and the playground, with keys and on a small
 * screen.
 *
 * @module
 */
import { buildSite } from "../../tools/site/build_site.ts";
import { BrowserPage } from "./browser.ts";
import type { Outcome } from "./outcome.ts";

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css",
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  svg: "image/svg+xml",
  woff2: "font/woff2",
};

/** What each task of a program is seen to do, in the order of its first time, and how it ended. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  group: [
    "main: waiting TaskGroup, failed",
    "soup: waiting sleep, stopping sleep, cancelled",
    "bread: waiting sleep, stopping sleep, cancelled",
    "roast: waiting sleep, failed",
  ],
  timeout: [
    "main: waiting gather, done",
    "quick: waiting sleep, done",
    "slow: waiting sleep, stopping sleep, failed",
    "does without: waiting sleep, stopping sleep, done",
  ],
  queue: [
    "main: waiting TaskGroup, done",
    "producer: waiting sleep, waiting Queue.put, done",
    "worker 1: waiting Queue.get, waiting sleep, done",
    "worker 2: waiting Queue.get, waiting sleep, done",
    "worker 3: waiting Queue.get, waiting sleep, done",
  ],
  semaphore: [
    "main: waiting TaskGroup, done",
    "Ada: waiting sleep, done",
    "Alan: waiting sleep, done",
    "Edsger: waiting Semaphore, waiting sleep, done",
    "Grace: waiting Semaphore, waiting sleep, done",
    "Tony: waiting Semaphore, waiting sleep, done",
  ],
  race: [
    "main: waiting wait, done",
    "Oslo: waiting sleep, stopping sleep, cancelled",
    "Lima: waiting sleep, done",
    "Kyoto: waiting sleep, stopping sleep, cancelled",
  ],
  gather: [
    "main: waiting gather, done",
    "north: waiting sleep, working, done",
    "south: waiting sleep, working, done",
    "west: waiting sleep, working, done",
  ],
};

/** Read in the page: the rows of the timeline, as above. A bar of work is told where it is a long one. */
const ROWS = `[...document.querySelectorAll(".rows li")].map((row) => {
  const bars = [...row.querySelectorAll(".bar")].filter((bar) =>
    bar.dataset.wait !== undefined || bar.dataset.doing === "working" && bar.offsetWidth > 80);
  const seen = new Set(bars.map(({ dataset }) => [dataset.doing, dataset.wait].join(" ").trim()));
  return row.dataset.task + ": " + [...seen, row.dataset.outcome].join(", ");
})`;

/** Read in the page: what is wrong with where its bars are drawn. */
const MISDRAWN = `[...document.querySelectorAll(".rows .track")].flatMap((track) => {
  const within = track.getBoundingClientRect();
  let end = within.left - 1;
  return [...track.querySelectorAll(".bar")].filter((bar) => {
    const { left, right } = bar.getBoundingClientRect();
    const wrong = left < end - 3 || right > within.right + 3 || getComputedStyle(bar)
      .backgroundColor + getComputedStyle(bar).backgroundImage === "rgba(0, 0, 0, 0)none";
    end = right;
    return wrong;
  }).map((bar) => bar.title);
})`;

const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
const FOCUSED = "document.activeElement";

/** Before that a page is there to be read, and takes no keys and clicks yet. */
const READY = `document.readyState === "complete" && document.querySelector("#app")?.__vue_app__`;

/** Build the site, and look at it. */
export async function checkSite(chromium: string): Promise<Outcome> {
  const folder = await Deno.makeTempDir();
  try {
    await buildSite(folder);
    return await lookAtSite(chromium, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Look at a site that is built. */
export async function lookAtSite(chromium: string, folder: string): Promise<Outcome> {
  const missing: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return serve(folder, request, missing);
  });
  const checks = new Checks();
  try {
    await checkLinks(folder, checks);
    await using page = await BrowserPage.open(chromium);
    const origin = `http://127.0.0.1:${server.addr.port}`;
    await page.resize(1_280, 1_000);
    await checkPages(page, origin, checks);
    await checkPlayground(page, origin, checks);
    await checkNarrow(page, origin, checks);
    checks.equal("the console has no errors", page.errors, []);
  } finally {
    await server.shutdown();
  }
  checks.equal("everything asked for is there", missing, []);
  return checks.outcome;
}

/** Counts what holds. */
class Checks {
  readonly outcome: Outcome = { passed: 0, failed: [], skipped: 0 };

  equal(what: string, actual: unknown, wanted: unknown): void {
    const [was, is] = [JSON.stringify(actual), JSON.stringify(wanted)];
    if (was === is) this.outcome.passed++;
    else this.outcome.failed.push(`${what}: ${was}, wanted ${is}`);
  }
}

async function checkPages(page: BrowserPage, origin: string, checks: Checks): Promise<void> {
  await page.go(`${origin}/`, READY);
  await page.value(`document.querySelector('.VPHero a[href$="tutorial.html"]').click()`);
  await page.until(`${READY} && document.querySelector("h1")?.textContent.startsWith("Tutorial")`);
  checks.equal(
    "the first page leads to the tutorial",
    await page.value("location.pathname"),
    "/docs/guide/tutorial.html",
  );

  await page.press("/");
  await page.until(`document.querySelector("#localsearch-input") === document.activeElement`);
  await page.type("moveOnAfter");
  await page.until(`document.querySelectorAll("#localsearch-list .result").length > 2`);
  await page.press("Enter");
  await page.until(`location.pathname !== "/docs/guide/tutorial.html"`);
  await page.until(`document.querySelector(".vp-doc")?.textContent.includes("moveOnAfter")`);
  checks.equal("the search leads to a page that has the word", true, true);

  await page.go(`${origin}/docs/guide/services.html`, READY);
  await page.value(`document.querySelector('.vp-doc a[href*="/api/"]').click()`);
  await page.until(`location.pathname.endsWith("/api/~/run.html")`);
  await page.until(`document.body.textContent.includes("asyncio.run")`);
  checks.equal("the guide leads to the API", true, true);
}

async function checkPlayground(page: BrowserPage, origin: string, checks: Checks): Promise<void> {
  await page.go(`${origin}/playground.html`, READY);
  // With keys alone: to the tabs, to the next one, to the button, and run.
  await page.until(`document.querySelector(".playground[data-state=idle]")`);
  await page.value(`document.querySelector(".vp-doc a[href*='/api/']").focus()`);
  await page.press("Tab");
  checks.equal("Tab leads to the chosen program", await page.value(`${FOCUSED}.id`), "tab-group");
  for (const [key, id] of [["ArrowRight", "timeout"], ["End", "gather"], ["ArrowRight", "group"]]) {
    await page.press(key!);
    await page.until(`${FOCUSED}.id === "tab-${id}" && ${FOCUSED}.ariaSelected === "true"`);
  }
  await page.press("Tab");
  checks.equal("Tab leads on to the button", await page.value(`${FOCUSED}.className`), "run");
  await page.press("Enter");
  for (const [name, rows] of Object.entries(PROGRAMS)) {
    if (name !== "group") {
      await page.value(`document.querySelector("#tab-${name}").click()`);
      await page.value(`document.querySelector(".run").click()`);
    }
    await page.until(`document.querySelectorAll(".rows .bar").length > 2`);
    const status = name === "group" ? "failed" : "ended";
    await page.until(`document.querySelector(".playground").dataset.state === "${status}"`);
    checks.equal(`${name}: its tasks`, await page.value(ROWS), rows);
    checks.equal(`${name}: its bars lie side by side`, await page.value(MISDRAWN), []);
  }
  await page.value(`document.querySelector(".run").click()`);
  await page.until(`document.querySelector(".playground").dataset.state === "running"`);
  await page.value(`document.querySelector(".stop").click()`);
  await page.until(`document.querySelector(".playground").dataset.state === "stopped"`);
  checks.equal("a program can be stopped", true, true);
}

async function checkNarrow(page: BrowserPage, origin: string, checks: Checks): Promise<void> {
  await page.resize(360, 740);
  for (
    const path of ["", "README", "docs/guide/coming_from_asyncio", "docs/guide/names", "playground"]
  ) {
    const url = `${origin}/${path === "" ? "" : `${path}.html`}`;
    await page.go(url, READY);
    checks.equal(`/${path} fits a narrow screen`, await page.value(OVERFLOW), 0);
  }
  await page.value(`document.querySelector(".run").click()`);
  await page.until(`document.querySelector(".playground").dataset.state === "failed"`);
  checks.equal("bars on a narrow screen", await page.value(MISDRAWN), []);
  checks.equal("a timeline fits a narrow screen", await page.value(OVERFLOW), 0);
}

/** Every link from a page to another one leads somewhere, those to the API included. */
async function checkLinks(folder: string, checks: Checks): Promise<void> {
  const broken: string[] = [];
  let count = 0;
  for await (const { name, isFile } of walk(folder)) {
    if (!isFile || !name.endsWith(".html") || name.startsWith("api/")) continue;
    const html = await Deno.readTextFile(`${folder}/${name}`);
    for (const [, href] of html.matchAll(/<a\b[^>]*\shref="(\/[^"#?]*)/g)) {
      count++;
      const path = decodeURI(href!).replace(/\/$/, "/index.html");
      if (!await Deno.stat(folder + path).then(() => true, () => false)) {
        broken.push(`${name}: ${href}`);
      }
    }
  }
  checks.equal("there are links", count > 500, true);
  checks.equal("links lead somewhere", [...new Set(broken)], []);
}

async function* walk(
  folder: string,
  below = "",
): AsyncGenerator<{ name: string; isFile: boolean }> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) yield* walk(folder, `${below}${name}/`);
    else yield { name: below + name, isFile };
  }
}

async function serve(folder: string, request: Request, missing: string[]): Promise<Response> {
  const path = decodeURI(new URL(request.url).pathname).replace(/\/$/, "/index.html");
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "text/plain";
  try {
    return new Response(await Deno.readFile(folder + path), { headers: { "content-type": type } });
  } catch {
    if (path === "/favicon.ico") return new Response(null, { status: 204 });
    missing.push(path);
    return new Response("There is no such file", { status: 404 });
  }
}
