const ROOT = new URL("../../", import.meta.url);

/** One import of a file: `from` and `to` are paths from the root of the project, or specifiers outside it. */
export interface Import {
  readonly from: string;
  readonly to: string;
  /** Gone after type checking, so that it cannot be part of a circle at run time. */
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

export interface ModuleGraph {
  readonly files: readonly string[];
  readonly imports: readonly Import[];
}

interface Reference {
  readonly specifier?: string;
}

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Reference;
      readonly type?: Reference;
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** What mod.ts and every file below lib/ import, as Deno itself resolves it. */
export async function readModuleGraph(): Promise<ModuleGraph> {
  const files = ["mod.ts", "worker.ts", "bullmq.ts", ...await listSources("lib")];
  const seen = new Set<string>();
  const imports: Import[] = [];
  for (const file of files) {
    if (seen.has(file)) continue;
    const { modules } = await denoJson<Info>("info", file);
    for (const { specifier, dependencies = [] } of modules) {
      const from = pathOf(specifier);
      if (seen.has(from)) continue;
      seen.add(from);
      for (const { specifier: written, code, type, isDynamic = false } of dependencies) {
        const to = pathOf(code?.specifier ?? type?.specifier ?? written);
        imports.push({ from, to, typeOnly: code === undefined, dynamic: isDynamic });
      }
    }
  }
  return { files, imports };
}

/** The output of `deno <command> --json <file>`. */
export async function denoJson<T>(command: "info" | "doc", file: string): Promise<T> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [command, "--json", file],
    cwd: ROOT,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The text of a file of the project. */
export function readSource(file: string): Promise<string> {
  return Deno.readTextFile(new URL(file, ROOT));
}

/** The first circle among the imports, as the files along it, or none. */
export function findCircle(imports: readonly Import[]): string[] {
  const next = Map.groupBy(imports, ({ from }) => from);
  const finished = new Set<string>();
  const walk = (file: string, path: string[]): string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (finished.has(file)) return [];
    for (const { to } of next.get(file) ?? []) {
      const circle = walk(to, [...path, file]);
      if (circle.length > 0) return circle;
    }
    finished.add(file);
    return [];
  };
  for (const file of next.keys()) {
    const circle = walk(file, []);
    if (circle.length > 0) return circle;
  }
  return [];
}

async function listSources(dir: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(dir, ROOT))) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) found.push(...await listSources(path));
    else found.push(path);
  }
  return found.sort();
}

function pathOf(specifier: string): string {
  return specifier.startsWith(ROOT.href) ? specifier.slice(ROOT.href.length) : specifier;
}
