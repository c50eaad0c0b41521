import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runToEnd } from "./support/running_process.ts";

const RUN = new URL("../tools/run.ts", import.meta.url).href;

async function runTests(source: string, ...args: string[]): Promise<{ code: number; out: string }> {
  const dir = await Deno.makeTempDir();
  try {
    const file = `${dir}/sample_test.ts`;
    await Deno.writeTextFile(file, source);
    // A registry that refuses at once: the way of a machine that cannot reach JSR.
    const env = { JSR_URL: "http://127.0.0.1:1/" };
    const { code, out, err } = await runToEnd(["run", "-A", RUN, "test", "-A", ...args, file], {
      env,
    });
    return { code, out: out + err };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("The test command serves @std without JSR and says so in its first line", async () => {
  const { code, out } = await runTests(
    `
    import { assertEquals } from "@std/assert";
    import { delay } from "@std/async/delay";
    Deno.test("sum", async () => { await delay(1); assertEquals(1 + 1, 2); });
    Deno.test("other", () => {});
  `,
    "--filter=sum",
  );
  assertEquals(code, 0, out);
  assertEquals(
    out.split("\n")[0],
    `Deno ${Deno.version.deno}, @std from npm, since JSR does not answer`,
  );
  assertMatch(out, /^ok \| 1 passed \| 0 failed \| 1 filtered out/m);
});

Deno.test("The test command gives the exit code of a failing test", async () => {
  const { code, out } = await runTests(`Deno.test("x", () => { throw new Error("no"); });`);
  assertEquals(code, 1, out);
});

Deno.test("The test command fails a test that leaks a timer or a resource", async () => {
  const timer = await runTests(`Deno.test("x", () => { setTimeout(() => {}, 60_000); });`);
  assertEquals(timer.code, 1, timer.out);
  assertStringIncludes(timer.out, "Leaks detected");
  const file = await runTests(`Deno.test("x", async () => { await Deno.open("."); });`);
  assertEquals(file.code, 1, file.out);
  assertStringIncludes(file.out, "Leaks detected");
});
