const HERE = import.meta.url;

const PLACE = /((?:[a-z][a-z+.-]+:\/\/?|\/)[^\s()]*?|data:[^\s()]*?)(?::\d+){1,2}\)?$/;

/** So many of its own frames the library has at most above that of the program. */
const FRAMES = 30;

interface LimitedTraces {
  stackTraceLimit?: number;
}

/** The address of the module that called the library; `undefined` where that cannot be seen. */
export function sendingModule(): string | undefined {
  const limited = Error as LimitedTraces;
  const { stackTraceLimit } = limited;
  limited.stackTraceLimit = FRAMES;
  const stack = new Error().stack ?? "";
  if (stackTraceLimit !== undefined) limited.stackTraceLimit = stackTraceLimit;
  for (const line of stack.split("\n").slice(1)) {
    const place = moduleOf(line);
    if (place === undefined || isOwn(place)) continue;
    return place;
  }
  return undefined;
}

/** The module that a line of a stack names. */
export function moduleOf(line: string): string | undefined {
  const place = PLACE.exec(line.trim())?.[1];
  if (place === undefined || line.includes("<anonymous>:")) return undefined;
  return place.startsWith("/") ? `file://${place}` : place;
}

function isOwn(place: string): boolean {
  const root = new URL("../../", HERE).href;
  return place.startsWith(`${root}lib/`) || place === `${root}mod.ts` ||
    /^(?:node|ext):/.test(place);
}
