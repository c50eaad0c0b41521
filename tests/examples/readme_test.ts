import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import pythonNames from "./python-3.13-names.json" with { type: "json" };
import * as strand from "../../mod.ts";
import { readSource } from "../support/module_graph.ts";
import { runToEnd } from "../support/running_process.ts";

const ROOT = new URL("../../", import.meta.url);
const readme = await readSource("README.md");
const guide = (name: string) => readSource(`docs/guide/${name}.md`);

/** The text between a heading and the next one of its level or a higher one. */
function section(heading: string, page = readme): string {
  const start = page.indexOf(`\n${heading}\n`);
  assert(start >= 0, `Found no heading "${heading}"`);
  const text = page.slice(start + 1);
  const end = text.search(new RegExp(`\n#{1,${heading.indexOf(" ")}} `));
  return end < 0 ? text : text.slice(0, end);
}

Deno.test("The README says how to try it, in two commands", () => {
  assertStringIncludes(
    section("## Try it"),
    "\n```sh\nnpx -y deno@2.9.6 task primes\nnpx -y deno@2.9.6 task test\n```\n",
  );
});

Deno.test("The README counts the recordings of CPython as they are", async () => {
  const files = ["", "-coincidences", "-rounds", "-existing"].map((kind) => {
    return readSource(`tests/conformance/asyncio-cpython-3.13${kind}.jsonl`);
  });
  const count = (await Promise.all(files)).join("").trimEnd().split("\n").length;
  const claims = section("## What is claimed, and the evidence");
  assertStringIncludes(claims, `| ${count} random programs whose order of events was recorded`);
});

Deno.test("The README links every example, and only what exists", async () => {
  const linked = Array.from(
    section("## Examples").matchAll(/\]\(examples\/([^)]+)\)/g),
    ([, name]) => name!,
  );
  const files: string[] = [];
  for await (const { name, isFile } of Deno.readDir(new URL("examples/", ROOT))) {
    if (isFile && name.endsWith(".ts")) files.push(name);
  }
  assertEquals(linked.toSorted(), files.toSorted());
});

Deno.test("Python and TypeScript stand side by side, and assert the same number of things", async () => {
  const pages = {
    coming_from_asyncio: "run, create_task, gather, TaskGroup, timeout",
    asyncio_waits: "wait_for, wait, as_completed, shield, Cancellation and cleanup",
    asyncio_locks: "Semaphore, Lock, Event, Condition, Barrier, Queue",
    coming_from_multiprocessing: "Pool; submit, futures, errors; Value, Lock, Queue",
  };
  for (const [page, list] of Object.entries(pages)) {
    const titles = list.split(list.includes(";") ? "; " : ", ");
    const text = await guide(page);
    const found = Array.from(text.matchAll(/^## (.+)$/gm), ([, title]) => title!);
    assertEquals(found, titles);
    for (const title of titles) {
      const start = text.indexOf(`\n## ${title}\n`);
      const end = text.indexOf("\n## ", start + 1);
      const row =
        /<tr><td valign="top">\n\n```py\n([^]*?)\n```\n\n<\/td><td valign="top">\n\n```ts\n([^]*?)\n```\n\n<\/td><\/tr>/
          .exec(text.slice(start, end < 0 ? undefined : end));
      assert(row, `${title} is not a table of two halves`);
      const [, python = "", ours = ""] = row;
      const count = (half: string, assertion: RegExp) => half.match(assertion)?.length ?? 0;
      const asserted = count(python, /^ *assert /gm);
      assert(asserted > 0, title);
      assertEquals(count(ours, /^ *(?:await )?assert\w*\(/gm), asserted, title);
    }
  }
});

Deno.test("The map from Python has every public name of CPython 3.13", async () => {
  const page = await guide("names");
  for (const [module, names] of Object.entries(pythonNames)) {
    const mapped = new Set(
      rowsOf(section(`## ${module}`, page)).flatMap(([python = ""]) => python.match(/\w+/g) ?? []),
    );
    assertEquals(names.filter((name) => !mapped.has(name)), [], module);
  }
});

/** What came after 3.13, of which no interpreter that runs here could give a list. */
const LATER: Record<string, string> = {
  "asyncio":
    "capture_call_graph format_call_graph print_call_graph FutureCallGraph FrameCallGraphEntry " +
    "future_add_to_awaited_by future_discard_from_awaited_by eager_start ps pstree cancel",
  "concurrent.futures":
    "InterpreterPoolExecutor BrokenInterpreterPool kill_workers terminate_workers buffersize " +
    "interpreters create list_all get_current get_main Interpreter call call_in_thread exec " +
    "prepare_main is_running create_queue is_shareable ExecutionFailed NotShareableError",
  "multiprocessing": "interrupt locked",
  "threading and queue": "context serialize_iterator synchronized_iterator concurrent_tee",
};

Deno.test("The map from Python has what 3.14 and 3.15 added", async () => {
  const page = await guide("names");
  for (const [module, names] of Object.entries(LATER)) {
    const mapped = new Set(
      rowsOf(section(`## ${module}`, page)).flatMap(([python = ""]) => python.match(/\w+/g) ?? []),
    );
    assertEquals(names.split(" ").filter((name) => !mapped.has(name)), [], module);
  }
});

Deno.test("Every name in the map from Python exists", async () => {
  const elsewhere = /^(?:performance|navigator|Deno|import|queueMicrotask|setTimeout)\b/;
  const rows = rowsOf(await guide("names"));
  assert(rows.length > 100, "Found too few rows");
  for (const row of rows) {
    const [python, ours = "", remark = ""] = row;
    if (ours === "—") {
      assert(remark !== "", `No reason is given for ${python}`);
      continue;
    }
    const names = Array.from(ours.matchAll(/`([\w.]+)`/g), ([, name]) => name!);
    assert(names.length > 0, row.join(" | "));
    for (const name of names) {
      if (elsewhere.test(name) || name === "AsyncLocalStorage" || name === "Executor") continue;
      assert(isOurs(name), `There is no ${name}, which stands for ${python}`);
    }
  }
});

/** The cells of the tables in a text, without their heads. */
function rowsOf(text: string): string[][] {
  return text.split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:Python|---)/.test(line))
    .map((line) => line.slice(2, -2).split(" | ").map((cell) => cell.trim()));
}

/** Whether `Name` is exported, or `Class.member` is a method or property of it. */
function isOurs(path: string): boolean {
  const [name = "", member] = path.split(".");
  const found = (strand as Record<string, unknown>)[name];
  if (member === undefined || typeof found !== "function") return found !== undefined;
  return member in found || member in found.prototype;
}

Deno.test("Every example says what it is in Python, and how to run it", async () => {
  for await (const { name, isFile } of Deno.readDir(new URL("examples/", ROOT))) {
    if (!isFile) continue;
    const text = await readSource(`examples/${name}`);
    const header = text.slice(0, text.indexOf("*/"));
    assert(/^ \* Python: /m.test(header), `${name} does not name the Python idea`);
    assert(/^ \* Run it: `deno (?:run|task) /m.test(header), `${name} does not say how to run it`);
    assert(text.includes("if (import.meta.main)"), `${name} does not guard its main program`);
  }
});

Deno.test("deno task lists every task with what it does", async () => {
  const { out, err } = await runToEnd(["task"], { cwd: ROOT });
  const list = out + err;
  const tasks = Object.entries(config.tasks);
  assertEquals(tasks.map(([name]) => name).slice(0, 3), ["test", "ok", "primes"]);
  for (const [name, { description }] of tasks) {
    assertStringIncludes(list, `- ${name}\n    // ${description}\n`);
  }
});
