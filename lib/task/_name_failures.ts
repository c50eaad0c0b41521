import { showError } from "../base/inspect.ts";
import { copyStack, type ExceptionGroup } from "../core/exception_group.ts";

/** Of how many failures a stack tells. */
const MOST_SHOWN = 1_000;

/**
 * Let the stack of a group have each failure under its source, such as `task "download"`.
 *
 * @param sources Where each came from, in words.
 * @returns The group.
 */
export function nameFailures(
  group: ExceptionGroup,
  sources: ReadonlyMap<unknown, string>,
): ExceptionGroup {
  tell(group, group.stack ?? String(group), sources);
  return group;
}

function tell(group: ExceptionGroup, own: string, sources: ReadonlyMap<unknown, string>): void {
  const show = (error: unknown) => {
    const source = sources.get(error);
    const where = source === undefined ? "" : `in ${source}: `;
    return `\n${where}${readStack(error)}`.replaceAll("\n", "\n  ");
  };
  Object.defineProperties(group, {
    stack: {
      // Made into text only when somebody reads it: there may be thousands.
      get() {
        const { errors } = group;
        const more = errors.length - MOST_SHOWN;
        const rest = more > 0 ? `\n  and ${more.toLocaleString("en-US")} more` : "";
        return own + errors.slice(0, MOST_SHOWN).map(show).join("") + rest;
      },
      set: (value) => Object.defineProperty(group, "stack", { value, writable: true }),
      configurable: true,
    },
    [copyStack]: { value: (made: ExceptionGroup) => tell(made, own, sources) },
  });
}

function readStack(error: unknown): string {
  try {
    const { stack } = Object(error) as { stack?: unknown };
    return typeof stack === "string" && stack !== "" ? stack : showError(error);
  } catch {
    return showError(error);
  }
}
