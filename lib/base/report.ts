/**
 * Report an error that nobody can catch, also one that the runtime cannot show, and where there is
 * no `reportError`, as on Node: it then counts as an unhandled rejection.
 */
export function report(error: unknown): void {
  try {
    reportError(error);
  } catch {
    Promise.reject(error);
  }
}
