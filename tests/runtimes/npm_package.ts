/**
 * The package as npm has it.
 *
 * @module
 */

const ROOT = new URL("../../", import.meta.url);

/** Modules that are imported for what they do, and not for what they export. */
const WITH_EFFECTS = [
  "./worker.js",
  "./lib/worker/entry_*.js",
  "./lib/worker/runtime/entry_*.js",
  "./lib/worker/runtime/boot.js",
];

/**
 * What bundles for pages leave out: it only names modules that are loaded by name, and with `import()`
 * in them esbuild wraps every module of the library in a function.
 */
const NOT_FOR_PAGES = { "./lib/worker/follow_entries.js": false };

/** Make the package in a folder: `<folder>/node_modules/@strand/strand`. */
export async function packInto(folder: string): Promise<string> {
  const tarball = `${folder}/strand.tgz`;
  await runOrThrow("deno", ["pack", "--allow-dirty", "--no-source-maps", "-o", tarball], ROOT);
  const target = `${folder}/node_modules/@strand/strand`;
  await Deno.remove(target, { recursive: true }).catch(() => {});
  await Deno.mkdir(target, { recursive: true });
  await runOrThrow("tar", ["xzf", tarball, "-C", target, "--strip-components=1"], ROOT);
  const manifest = `${target}/package.json`;
  const json = JSON.parse(await Deno.readTextFile(manifest));
  const more = {
    engines: { node: ">=20.16" },
    sideEffects: WITH_EFFECTS,
    browser: NOT_FOR_PAGES,
  };
  await Deno.writeTextFile(manifest, JSON.stringify({ ...json, ...more }, null, 2));
  return target;
}

/** What of a package some runtime or tool could not read. */
export async function lintPackage(folder: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const path of await listFiles(folder)) {
    if (/\.tsx?$/.test(path) && !path.endsWith(".d.ts")) wrong.push(`${path}: TypeScript`);
    if (!path.endsWith(".js")) continue;
    const code = (await Deno.readTextFile(path)).replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*/gm, "");
    if (/\busing \w+ =/.test(code)) wrong.push(`${path}: using`);
    if (/^await\b|^(?:const|let|export)\b.*=\s*await\b/m.test(code)) wrong.push(`${path}: await`);
    if (/(?:\bfrom |\bimport[ (]|^\s*const \w+ = )"[^"]*\.ts"/m.test(code)) {
      wrong.push(`${path}: imports .ts`);
    }
  }
  return wrong;
}

/** Run a program; throws with what it said if it failed. */
export async function runOrThrow(
  command: string,
  args: string[],
  cwd: string | URL,
  env: Record<string, string> = {},
): Promise<string> {
  const program = command === "deno" ? Deno.execPath() : command;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    cwd,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (success) return said;
  throw new Error(`${command} ${args.join(" ")} failed:\n${said.slice(-4_000)}`);
}

async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await listFiles(`${folder}/${name}`));
    else found.push(`${folder}/${name}`);
  }
  return found;
}
