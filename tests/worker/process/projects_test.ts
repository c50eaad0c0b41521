import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ProcessPool } from "../../../mod.ts";

const LIBRARY = new URL("../../../mod.ts", import.meta.url).href;

/** The program of each project: it runs a function of its own module in a process. */
const program = (imports: string, value: string) =>
  `import { ProcessPool, remote } from ${JSON.stringify(LIBRARY)};
${imports}
export const give = remote(import.meta, function give() { return ${value}; });
if (import.meta.main) {
  const results = [give()];
  for (const permissions of ["inherit", { read: true }] as const) {
    await using pool = new ProcessPool({ maxWorkers: 1, permissions });
    results.push(await pool.submit(give).catch((error) => String(error)));
  }
  console.log(JSON.stringify(results.map(String)));
}
`;

const THING = {
  "node_modules/thing/package.json": `{ "name": "thing", "type": "module", "main": "main.js" }`,
  "node_modules/thing/main.js": `export default "a thing";`,
};

interface Project {
  name: string;
  files: Record<string, string>;
  main: string;
  flags?: string[];
  gives: string;
}

/** What a module exports; travels as source. */
const load = async (specifier: string) => Object.keys(await import(specifier));

const PROJECTS: Project[] = [
  {
    name: "package.json without deno.json",
    files: { ...THING, "package.json": `{ "type": "module", "dependencies": { "thing": "1" } }` },
    main: program(`import thing from "thing";`, "thing"),
    gives: "a thing",
  },
  {
    name: "package.json in a folder above",
    files: { ...THING, "package.json": `{ "type": "module", "dependencies": { "thing": "1" } }` },
    main: program(`import thing from "thing";`, "thing + ' from below'"),
    gives: "a thing from below",
  },
  {
    name: "package.json beside deno.json",
    files: {
      ...THING,
      "package.json": `{ "type": "module", "dependencies": { "thing": "1" } }`,
      "deno.json": `{ "imports": { "own": "./own.ts" } }`,
      "own.ts": `export const own = "own";`,
    },
    main: program(`import thing from "thing"; import { own } from "own";`, "`${thing} ${own}`"),
    gives: "a thing own",
  },
  {
    name: "deno.json with nodeModulesDir",
    files: { ...THING, "deno.json": `{ "nodeModulesDir": "manual" }` },
    main: program(`import thing from "thing";`, "thing"),
    gives: "a thing",
  },
  {
    name: "a member of a workspace",
    files: {
      "deno.json": `{ "workspace": ["./below", "./other"], "imports": { "root": "./root.ts" } }`,
      "root.ts": `export const root = "root";`,
      "below/deno.json":
        `{ "name": "@w/below", "version": "1.0.0", "exports": "./main.ts", "imports": { "own": "./own.ts" } }`,
      "below/own.ts": `export const own = "own";`,
      "other/deno.json": `{ "name": "@w/other", "version": "1.0.0", "exports": "./mod.ts" }`,
      "other/mod.ts": `export const other = "other";`,
    },
    main: program(
      `import { root } from "root"; import { own } from "own"; import { other } from "@w/other";`,
      "`${root} ${own} ${other}`",
    ),
    gives: "root own other",
  },
  {
    name: "an import map by a flag",
    files: { "map.json": `{ "imports": { "own": "./own.ts" } }`, "own.ts": `export const n = 7;` },
    main: program(`import { n } from "own";`, "n"),
    flags: ["--import-map=map.json"],
    gives: "7",
  },
];

for (const { name, files, main, flags = [], gives } of PROJECTS) {
  Deno.test(`A process finds modules as its program does: ${name}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      const place = /above|member/.test(name) ? "below/main.ts" : "main.ts";
      for (const [path, text] of Object.entries({ ...files, [place]: main })) {
        await Deno.mkdir(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
        await Deno.writeTextFile(`${folder}/${path}`, text);
      }
      const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "--quiet", "--no-check", "-A", ...flags, place],
        cwd: folder,
      }).output();
      const said = new TextDecoder().decode(stdout).trim();
      assertEquals(said, JSON.stringify([gives, gives, gives]), new TextDecoder().decode(stderr));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("Without permission to import, a process has neither packages of npm nor remote modules", async () => {
  await using pool = new ProcessPool({ maxWorkers: 1, permissions: { read: true, env: true } });
  for (const specifier of ["npm:left-pad", "jsr:@std/assert", "https://deno.land/std/version.ts"]) {
    const error = await assertRejects(() => pool.submit(load, specifier), TypeError);
    assertMatch(error.message, /--no-npm|--no-remote|import access/, specifier);
  }
  const here = new URL("../fixtures/plain.ts", import.meta.url).href;
  assertEquals(await pool.submit(load, here), ["isEven", "later"]);
});
