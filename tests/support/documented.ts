import config from "../../deno.json" with { type: "json" };
import { denoJson } from "./module_graph.ts";

/** A doc comment, as `deno doc --json` gives it. */
interface DocComment {
  readonly doc?: string;
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

/** One declaration of a name: an overload, a class, a type. */
interface Declaration {
  readonly name?: string;
  readonly kind: string;
  readonly jsDoc?: DocComment;
  /** Of a function; in Deno 2.5 and in later versions. */
  readonly functionDef?: { readonly hasBody?: boolean };
  readonly def?: { readonly hasBody?: boolean };
}

/** What `deno doc` lists for an entry: a name that it exports, and every declaration of it. */
export interface Documented {
  readonly name: string;
  readonly declarations: readonly Declaration[];
}

/** Deno 2.5 gives one flat list of declarations, later versions one list of symbols per module. */
type Nodes =
  | readonly (Declaration & { readonly name: string })[]
  | Record<string, { readonly symbols: readonly Documented[] }>;

/** The entries of the package, by the names under which they are imported. */
export const ENTRIES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(config.exports).map(([name, file]) => {
    return [`@strand/strand${name.slice(1)}`, file.slice(2)];
  }),
);

/** Every name that an entry exports, with what its doc comments say. */
export async function readDocumented(entry = "mod.ts"): Promise<Documented[]> {
  const { nodes } = await denoJson<{ nodes: Nodes }>("doc", entry);
  return symbolsOf(nodes).map(({ name, declarations }) => {
    // Where there are overloads, what they share is no declaration that anybody sees.
    const seen = declarations.filter(({ def, functionDef }) => !(def ?? functionDef)?.hasBody);
    return { name, declarations: seen.length > 0 ? seen : declarations };
  });
}

function symbolsOf(nodes: Nodes): readonly Documented[] {
  if (!Array.isArray(nodes)) return Object.values(nodes).flatMap(({ symbols }) => symbols);
  const declarations = nodes.filter(({ kind }) => kind !== "moduleDoc");
  const byName = Map.groupBy(declarations, ({ name }) => name as string);
  return Array.from(byName, ([name, declarations]) => ({ name, declarations }));
}

/** The code blocks of a symbol's examples. */
export function examplesOf({ declarations }: Documented): string[] {
  return declarations.flatMap(({ jsDoc }) => jsDoc?.tags ?? [])
    .filter(({ kind }) => kind === "example")
    .flatMap(({ doc = "" }) =>
      Array.from(doc.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code]) => code!)
    );
}
