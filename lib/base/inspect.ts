/** Under this name Deno, Node and Bun look for what `console.log` is to show of an object. */
export const inspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;

/** How long something took, for people: `3.1 s`, `2 min`. */
export function showDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** `1 waiting`, `2 waiting`: only what there is. */
export function showCounts(counts: Record<string, number>): string[] {
  return Object.entries(counts).filter(([, count]) => count > 0)
    .map(([what, count]) => `${count.toLocaleString("en-US")} ${what}`);
}

/** An error in one line: `RangeError: too many`. */
export function showError(error: unknown): string {
  try {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return text.split("\n", 1)[0]!.slice(0, 120);
  } catch {
    return "an object that cannot be read";
  }
}
