import { assert, assertEquals, assertRejects } from "@std/assert";
import { ProcessPool, Thread, WorkerPool } from "../../mod.ts";
import { redirectImports } from "../../lib/wire/redirect_imports.ts";
import { compileFunction } from "../../lib/wire/compile_function.ts";
import { describeFunction } from "../../lib/wire/describe_function.ts";

class Importer extends Thread<number> {
  override async run(): Promise<number> {
    return (await import("./fixtures/imported.ts")).n;
  }
}

const POOLS: [name: string, make: () => WorkerPool | ProcessPool][] = [
  ["web", () => new WorkerPool(1)],
  ["node", () => new WorkerPool({ maxWorkers: 1, host: "node" })],
  ["process", () => new ProcessPool(1)],
];

for (const [name, make] of POOLS) {
  Deno.test(`A function that travels as text imports what is beside its sender, ${name}`, async () => {
    await using pool = make();
    assertEquals(await pool.submit(async () => (await import("./fixtures/imported.ts")).n), 3);
    const specifiers = ["./fixtures/imported.ts", "../worker/fixtures/imported.ts"];
    const load = async (specifier: string) => (await import(specifier)).n;
    assertEquals(await pool.map(load, specifiers), [3, 3]);
    assertEquals(
      await pool.submit(async () => typeof (await import("node:path")).join),
      "function",
    );
    const error = await assertRejects(async () =>
      await pool.submit(async () => await import("./not_there.ts" as string))
    );
    assert((error as Error).message.includes("/tests/worker/not_there.ts"), String(error));
  });

  Deno.test(`What fails in an imported module is not blamed on the function, ${name}`, async () => {
    await using pool = make();
    const error = await assertRejects(
      async () => await pool.submit(async () => (await import("./fixtures/imported.ts")).fails()),
      ReferenceError,
    );
    assertEquals(error.message, "missing is not defined");
    const own = await assertRejects(
      async () => {
        await pool.submit(async () => {
          await import("./fixtures/imported.ts");
          // @ts-expect-error: it is not there
          return missing;
        });
      },
      ReferenceError,
    );
    assert(own.message.includes('it uses the variable "missing" from around it'), own.message);
  });
}

Deno.test("A class of a thread imports what is beside its sender, too", async () => {
  const thread = new Importer();
  thread.start();
  assertEquals(await thread.result(), 3);
});

Deno.test("Only calls of import are redirected, wherever they stand", () => {
  const changed = [
    "() => import(x)",
    "() => import (x)",
    "() => `${import(x)}`",
    "() => `a${`b${{ c: import(x) }}`}import(y)`",
    "() => a / import(x) / b",
    "(a) => a ? import(x) : /import(y)/",
    "() => { return /[/]import(y)/.test('') && import(x); }",
    "() => { // import(y)\n return import(x); /* import(y) */ }",
    "() => ['import(y)', \"import(y)\", import(x)]",
  ];
  for (const source of changed) {
    assertEquals(redirectImports(source, "$mport"), source.replace(/import(\s*\(x)/g, "$mport$1"));
  }
  const same = ["() => a.import(y)", "() => 'it\\'s import(y)'", "() => imports(y)", "() => 1"];
  for (const source of same) assertEquals(redirectImports(source, "$mport"), source);
});

Deno.test("What does not import is known by its text alone, wherever it comes from", () => {
  const one = () => 1;
  const ref = describeFunction("test", one).ref as { source: string; name: string };
  assertEquals(ref, { source: String(one), name: "one" });
  assertEquals(compileFunction(ref)(), 1);
});
