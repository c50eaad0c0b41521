import config from "../deno.json" with { type: "json" };

const PROBE_TIMEOUT_MS = 3_000;
const DEFAULT_REGISTRY = "https://jsr.io/";
const IMPORT_MAP = new URL("../tests/import_map.json", import.meta.url);

/** Where the `@std` packages of the tests come from. */
export interface StdSource {
  /** One line for the person at the terminal. */
  readonly line: string;
  /** What a Deno command needs in order to use this source. */
  readonly flags: readonly string[];
}

/** JSR if it has every `jsr:` version that deno.json names and says so in time, npm otherwise. */
export async function findStd(): Promise<StdSource> {
  const version = `Deno ${Deno.version.deno}`;
  if (await jsrAnswers()) return { line: `${version}, @std from JSR`, flags: [] };
  return {
    line: `${version}, @std from npm, since JSR does not answer`,
    flags: [`--import-map=${IMPORT_MAP.href}`],
  };
}

async function jsrAnswers(): Promise<boolean> {
  const registry = (Deno.env.get("JSR_URL") || DEFAULT_REGISTRY).replace(/\/*$/, "/");
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  const has = async (path: string): Promise<boolean> => {
    const response = await fetch(registry + path, { signal });
    await response.body?.cancel();
    return response.ok;
  };
  try {
    return (await Promise.all(versionFiles().map(has))).every(Boolean);
  } catch {
    return false;
  }
}

function versionFiles(): string[] {
  return Object.values(config.imports).map((specifier) => {
    const match = /^jsr:(@[^/]+\/[^/@]+)@([^/]+)$/.exec(specifier);
    if (!match) {
      throw new Error(`Cannot probe JSR for "${specifier}": wanted jsr:@scope/name@version`);
    }
    return `${match[1]}/${match[2]}_meta.json`;
  });
}
