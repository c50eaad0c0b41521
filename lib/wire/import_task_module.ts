import { InvalidStateError } from "../task_errors.ts";

/** How many task modules are being loaded in this thread. */
let loading = 0;

/**
 * Refuse to do something while a task module is being loaded: code that runs now may be its top level.
 *
 * @throws {InvalidStateError} If one is.
 */
export function refuseWhileLoading(what: string): void {
  if (loading === 0) return;
  throw new InvalidStateError(
    `Cannot ${what}: this module is being loaded by a worker; ` +
      `what only the main program should do belongs under "if (import.meta.main)"`,
  );
}

/**
 * Import the module of a function that was sent by name.
 *
 * While it loads, its top level must not start workers: without the `if (import.meta.main)` that
 * is missing then, each of them would do the same.
 */
export async function importTaskModule(module: string): Promise<Record<string, unknown>> {
  loading++;
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ module);
  } catch (error) {
    if (isPermissionError(error)) {
      throw new Error(
        `Cannot load ${module} in a worker: the permission to read it is missing; ` +
          `run the program with --allow-read or --allow-import for its address`,
        { cause: error },
      );
    }
    const hint = hintFor(module, error);
    throw hint === undefined ? error : new Error(`Cannot load ${module} in a worker: ${hint}`, {
      cause: error,
    });
  } finally {
    loading--;
  }
}

/** What the error of a bundled program, or of a page, leaves unsaid. */
function hintFor(module: string, error: unknown): string | undefined {
  if (!/^(?:file|https?|data|blob|node|npm|jsr):/.test(module)) {
    return "it is no address, and nothing is registered under it there; " +
      "import the module that registers it in the file of the worker";
  }
  const { name, message } = Object(error) as Partial<Error>;
  if (name === "ReferenceError" && /\b(?:document|window)\b/.test(String(message))) {
    return "it uses what only a page has; if a bundler has put it together with the page's code, " +
      'register its functions with remote({ url: "app:tasks" }, { … }) and give the pool a worker of ' +
      "your own by the option worker";
  }
  return undefined;
}

function isPermissionError(error: unknown): boolean {
  const { name, message } = Object(error) as Partial<Error>;
  return name === "NotCapable" || /Requires (?:read|import|net) access/.test(String(message));
}
