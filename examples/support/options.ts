/** The part of `node:util` that is used here. */
interface NodeUtil {
  parseArgs(config: {
    args: string[];
    options: Record<string, { type: "string" | "boolean"; short?: string }>;
    allowPositionals: boolean;
  }): { values: Record<string, unknown>; positionals: string[] };
}

// Asked for like this since, for an import of it, older versions of Deno load type declarations
// from npm before they check a program.
const { process } = globalThis as unknown as {
  process: { getBuiltinModule(name: "node:util"): NodeUtil };
};
const { parseArgs } = process.getBuiltinModule("node:util");

/** Arguments that a program cannot work with; the message is one clear line. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** One option of a program: what it means, what it is by default, and how its text is read. */
export interface Option<T> {
  readonly placeholder: string;
  readonly help: string;
  readonly fallback: T;
  /** Reads what stands behind `--name`. Throws `UsageError`. */
  readonly read: (name: string, text: string) => T;
}

/** What a program says about itself under `--help`. */
export interface Usage<O extends Record<string, Option<unknown>>> {
  readonly command: string;
  readonly about: string;
  readonly options: O;
  /** What may follow the options, such as "[file...]"; nothing may if this is missing. */
  readonly rest?: string;
}

/** The values of a program's options by name, and what follows them. */
export type Values<O extends Record<string, Option<unknown>>> =
  & { [K in keyof O]: O[K] extends Option<infer T> ? T : never }
  & { rest: string[] };

/** An option that takes a whole number between two others. */
export function wholeNumber(
  { help, fallback, min, max }: { help: string; fallback: number; min: number; max: number },
): Option<number> {
  const read = (name: string, text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(
        `--${name} must be a whole number from ${min} to ${max}, received "${text}"`,
      );
    }
    return value;
  };
  return { placeholder: "<number>", help: `${help} (${fallback})`, fallback, read };
}

/** An option that takes any text. */
export function anyText({ help, fallback }: { help: string; fallback: string }): Option<string> {
  const read = (name: string, text: string): string => {
    if (text === "") throw new UsageError(`--${name} must not be empty`);
    return text;
  };
  return { placeholder: "<text>", help: `${help} (${fallback})`, fallback, read };
}

/**
 * Reads the options of a program. Prints the help and ends the program if `--help` is among them;
 * ends it with one line and exit code 2 if they make no sense.
 */
export function readOptions<O extends Record<string, Option<unknown>>>(
  usage: Usage<O>,
  args: string[] = Deno.args,
): Values<O> {
  try {
    const values = parseOptions(usage, args);
    if (values !== "help") return values;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message} (--help shows all options)`);
    Deno.exit(2);
  }
  console.log(helpText(usage));
  Deno.exit(0);
}

/** Reads options; `"help"` if that is asked for. Throws `UsageError`. */
export function parseOptions<O extends Record<string, Option<unknown>>>(
  usage: Pick<Usage<O>, "options" | "rest">,
  args: readonly string[],
): Values<O> | "help" {
  const { options } = usage;
  const { texts, rest } = parse(Object.keys(options), usage.rest !== undefined, args);
  if (texts["help"]) return "help";
  const values = Object.entries(options).map(([name, { fallback, read }]) => {
    const text = texts[name];
    return [name, typeof text === "string" ? read(name, text) : fallback];
  });
  return { ...Object.fromEntries(values), rest };
}

/** The text that `--help` shows. */
export function helpText<O extends Record<string, Option<unknown>>>(usage: Usage<O>): string {
  const rows = Object.entries(usage.options)
    .map(([name, { placeholder, help }]) => [`--${name} ${placeholder}`, help]);
  rows.push(["--help", "show this and do nothing"]);
  const width = Math.max(...rows.map(([left = ""]) => left.length));
  const lines = rows.map(([left = "", right]) => `  ${left.padEnd(width)}  ${right}`);
  const rest = usage.rest === undefined ? "" : ` ${usage.rest}`;
  return `${usage.about}\n\nUsage: ${usage.command} [options]${rest}\n\n${lines.join("\n")}`;
}

function parse(
  names: string[],
  allowPositionals: boolean,
  args: readonly string[],
): { texts: Record<string, unknown>; rest: string[] } {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" as const }]));
  try {
    const { values, positionals } = parseArgs({
      args: joinNegatives(names, args),
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals,
    });
    return { texts: values, rest: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [sentence = ""] = error.message.split(/\. |\n/);
    throw new UsageError(sentence.replaceAll("'", '"'));
  }
}

/** `--count -5` means `--count=-5`, which parseArgs would call ambiguous. */
function joinNegatives(names: string[], args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    const open = last?.startsWith("--") && names.includes(last.slice(2));
    if (open && /^-\d/.test(arg)) joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}
