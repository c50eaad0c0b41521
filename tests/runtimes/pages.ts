/**
 * Pages in a real headless browser, which run the checks and report to the server that they came from.
 *
 * @module
 */
import type { Outcome } from "./outcome.ts";

const LIMIT_MS = 240_000;

/** A folder to serve, and how. */
export interface Site {
  /** What is served, by the beginning of the path. */
  readonly folders: Readonly<Record<string, string>>;
  /** The path of the script that runs in the page, with what it is asked. */
  readonly script: string;
  /** The page itself, where it is not one that just runs the script. */
  readonly html?: string;
  /** What such a page is to show: it reports nothing by itself. */
  readonly wanted?: string;
  /** Whether the page is isolated from others, so that it has memory to share. */
  readonly isolated: boolean;
  /** The policy for content, if there is one. */
  readonly csp?: string;
  /** What names of packages stand for, where no bundler has seen to it. */
  readonly packages?: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  mjs: "text/javascript",
  map: "application/json",
};

/** Open a page, and wait for what it reports. */
export async function openPage(chromium: string, site: Site): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  const log: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    return answer(request, site, resolve, log);
  });
  const profile = await Deno.makeTempDir();
  const [path, query = ""] = site.script.split("?");
  const browser = new Deno.Command(chromium, {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-dev-shm-usage",
      "--enable-logging=stderr",
      `--user-data-dir=${profile}`,
      `http://localhost:${server.addr.port}/?${query}#${path}`,
    ],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const reading = readLines(browser.stderr, (line) => {
    if (line.includes("CONSOLE")) log.push(line.slice(0, 400));
  });
  const timer = setTimeout(() => {
    const failed = [`The page has not reported in time\n${log.slice(-12).join("\n")}`];
    resolve({ passed: 0, failed, skipped: 0 });
  }, LIMIT_MS);
  const outcome = await promise;
  clearTimeout(timer);
  browser.kill("SIGKILL");
  await browser.status;
  await reading;
  await server.shutdown();
  await Deno.remove(profile, { recursive: true }).catch(() => {});
  return outcome;
}

async function answer(
  request: Request,
  site: Site,
  report: (outcome: Outcome) => void,
  log: string[],
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const headers = new Headers({ "cache-control": "no-store" });
  if (site.isolated) {
    headers.set("cross-origin-opener-policy", "same-origin");
    headers.set("cross-origin-embedder-policy", "require-corp");
  }
  if (site.csp !== undefined) headers.set("content-security-policy", site.csp);
  if (pathname === "/outcome") {
    report(await request.json());
    return new Response("thanks", { headers });
  }
  if (pathname === "/") {
    headers.set("content-type", "text/html");
    return new Response(htmlOf(site), { headers });
  }
  for (const [prefix, folder] of Object.entries(site.folders)) {
    if (!pathname.startsWith(prefix)) continue;
    try {
      const file = `${folder}/${pathname.slice(prefix.length)}`;
      headers.set("content-type", TYPES[file.slice(file.lastIndexOf(".") + 1)] ?? "text/plain");
      if (site.packages === undefined) return new Response(await Deno.readFile(file), { headers });
      let text = await Deno.readTextFile(file);
      for (const [name, path] of Object.entries(site.packages)) {
        text = text.replaceAll(JSON.stringify(name), JSON.stringify(path));
      }
      return new Response(text, { headers });
    } catch {
      break;
    }
  }
  if (pathname !== "/favicon.ico") log.push(`There is no ${pathname}`);
  return new Response("There is no such file", { status: 404, headers });
}

function htmlOf({ html, wanted, script }: Site): string {
  const [path] = script.split("?");
  if (html === undefined) {
    return `<!doctype html><meta charset="utf-8"><script type="module" src="${path}"></script>`;
  }
  return `${html}<script>
    const timer = setInterval(() => {
      if (!document.body.textContent.includes(${
    JSON.stringify(wanted).replaceAll("</", "")
  })) return;
      clearInterval(timer);
      fetch("/outcome", { method: "POST", body: '{"passed":1,"failed":[],"skipped":0}' });
    }, 50);
  </script>`;
}

async function readLines(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (
    const text of stream.pipeThrough(new TextDecoderStream() as never) as AsyncIterable<string>
  ) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
}
