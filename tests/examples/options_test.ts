import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  anyText,
  helpText,
  parseOptions,
  UsageError,
  wholeNumber,
} from "../../examples/support/options.ts";
import { readSource } from "../support/module_graph.ts";
import { runExample } from "../support/run_example.ts";

const usage = {
  command: "deno run x.ts",
  about: "Does x.",
  options: {
    count: wholeNumber({ help: "how often", fallback: 3, min: 0, max: 9 }),
    "to-whom": anyText({ help: "for whom", fallback: "all" }),
  },
};

Deno.test("Options have their defaults", () => {
  assertEquals(parseOptions(usage, []), { count: 3, "to-whom": "all", rest: [] });
});

Deno.test("Options are read in both spellings", () => {
  const wanted = { count: 9, "to-whom": "me", rest: [] };
  assertEquals(parseOptions(usage, ["--count", "9", "--to-whom=me"]), wanted);
});

Deno.test("Help is told from values, also among them", () => {
  assertEquals(parseOptions(usage, ["--count=2", "-h"]), "help");
  assertEquals(parseOptions(usage, ["--help"]), "help");
});

Deno.test("What follows the options is read where it is allowed", () => {
  const { rest } = parseOptions({ ...usage, rest: "[file...]" }, ["a", "--count=1", "b"]) as {
    rest: string[];
  };
  assertEquals(rest, ["a", "b"]);
  assertThrows(() => parseOptions(usage, ["a"]), UsageError, 'Unexpected argument "a"');
});

for (const text of ["", "-1", "10", "1e0", "0x1", " 1", "NaN", "1.0", "Infinity"]) {
  Deno.test(`A whole number from 0 to 9 is not "${text}"`, () => {
    assertThrows(
      () => parseOptions(usage, ["--count", text]),
      UsageError,
      `--count must be a whole number from 0 to 9, received "${text}"`,
    );
  });
}

Deno.test("The help lists every option", () => {
  assertEquals(
    helpText({ ...usage, rest: "[file...]" }),
    [
      "Does x.",
      "",
      "Usage: deno run x.ts [options] [file...]",
      "",
      "  --count <number>  how often (3)",
      "  --to-whom <text>  for whom (all)",
      "  --help            show this and do nothing",
    ].join("\n"),
  );
});

Deno.test("Every example that takes options shows them, and refuses others in one line", async () => {
  const examples = new URL("../../examples/", import.meta.url);
  let found = 0;
  for await (const { name, isFile } of Deno.readDir(examples)) {
    if (!isFile) continue;
    const text = await readSource(`examples/${name}`);
    if (!text.includes("./support/options.ts")) {
      assert(!text.includes("Deno.args"), `${name} reads its arguments without --help`);
      continue;
    }
    found++;
    const permissions = ["--allow-read=."];
    const help = await runExample(name, { permissions, args: ["--help"] });
    assertEquals([help.code, help.err], [0, ""], name);
    assertMatch(help.out, /^ {2}--help +show this and do nothing$/m, name);
    const bad = await runExample(name, { permissions, args: ["--no-such-option"] });
    assertEquals([bad.code, bad.out], [2, ""], name);
    assertMatch(bad.err, /^.*no-such-option.* \(--help shows all options\)\n$/, name);
  }
  assert(found >= 7, `only ${found} take options`);
});
