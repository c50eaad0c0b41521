/** How many task modules are being loaded in this thread. */
let loading = 0;

/** Whether a task module is being loaded: code that runs now may be its top level. */
export function loadingTaskModule(): boolean {
  return loading > 0;
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
    throw error;
  } finally {
    loading--;
  }
}

function isPermissionError(error: unknown): boolean {
  const { name, message } = Object(error) as Partial<Error>;
  return name === "NotCapable" || /Requires (?:read|import|net) access/.test(String(message));
}
