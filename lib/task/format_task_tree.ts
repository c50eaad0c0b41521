import { showDuration } from "../base/inspect.ts";
import { show } from "../base/validate.ts";
import type { TaskInfo } from "../core/instrument.ts";
import { showState, showWait } from "../core/show_state.ts";
import { taskTree } from "./task_tree.ts";

/** Of so many alike ones in one place, the rest is counted. */
const MOST_ALIKE = 5;

/** How many of them are shown, where the rest is counted. */
const SHOWN = 2;

/**
 * A tree of tasks as text for people, one line each.
 *
 * Of many that are alike (the same state, waiting for the same kind of thing) the first are shown and
 * the rest is counted, so that 100,000 tasks take a few lines.
 *
 * CPython: `asyncio.format_call_graph`, new in 3.14.
 *
 * @param tree What to show. Default: what lives now.
 * @returns The lines, with a line break after each; of an empty tree the words "Nothing is running".
 * @throws {TypeError} If `tree` is not an array.
 *
 * @example
 * ```ts
 * import { createTask, Event, formatTaskTree, sleep } from "@strand/strand";
 * import { assert } from "@std/assert";
 *
 * const start = new Event();
 * await using _task = createTask(() => start.wait(), { name: "runner" });
 * await sleep(1);
 * assert(formatTaskTree().includes('task "runner" waiting'));
 * ```
 */
export function formatTaskTree(tree: TaskInfo[] = taskTree()): string {
  if (!Array.isArray(tree)) {
    throw new TypeError(`Cannot format a task tree: tree must be an array, received ${show(tree)}`);
  }
  const lines: string[] = [];
  // By hand, not by recursion: tasks that create one another may be nested very deep.
  const open = rowsOf(tree, "", "").reverse();
  for (let row = open.pop(); row !== undefined; row = open.pop()) {
    lines.push(row.lead + row.text);
    open.push(...rowsOf(row.children, row.indent, row.indent).reverse());
  }
  return lines.length === 0 ? "Nothing is running\n" : `${lines.join("\n")}\n`;
}

interface Row {
  /** What stands before the text. */
  readonly lead: string;
  /** What stands before those below. */
  readonly indent: string;
  readonly text: string;
  readonly children: TaskInfo[];
}

function rowsOf(siblings: TaskInfo[], indent: string, within: string): Row[] {
  const alike = new Map<string, TaskInfo[]>();
  for (const [i, info] of siblings.entries()) {
    const key = keyOf(info, i);
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [info]);
    else group.push(info);
  }
  const shown: { text: string; children: TaskInfo[] }[] = [];
  for (const group of alike.values()) {
    const rest = group.length > MOST_ALIKE ? group.splice(SHOWN) : [];
    for (const one of group) shown.push({ text: showInfo(one), children: one.children });
    if (rest.length > 0) shown.push({ text: showRest(rest), children: [] });
  }
  const isRoot = indent === "" && within === "";
  return shown.map(({ text, children }, i) => {
    const last = i === shown.length - 1;
    return {
      lead: indent + (isRoot ? "" : last ? "└─ " : "├─ "),
      indent: indent + (isRoot ? " " : last ? "   " : "│  "),
      text,
      children,
    };
  });
}

/** The same for those that are alike: what has others below it is like nothing else. */
function keyOf(info: TaskInfo, i: number): string {
  const { kind, state, waitsFor, children } = info;
  if (children.length > 0) return `${i}`;
  return JSON.stringify([kind, state, waitsFor?.kind, waitsFor?.heldBy]);
}

function showInfo(info: TaskInfo): string {
  const { kind, name, createdAt, awaitedBy } = info;
  const parts = [`${kind} ${JSON.stringify(name)} ${showState(info)}`];
  if (awaitedBy.length > 0) parts.push(`awaited by ${showNames(awaitedBy)}`);
  if (createdAt !== undefined) parts.push(`created at ${createdAt}`);
  return parts.join(", ");
}

function showRest(rest: TaskInfo[]): string {
  const { kind, state, waitsFor } = rest[0]!;
  const longest = showDuration(rest.reduce((most, { since }) => Math.max(most, since), 0));
  const doing = waitsFor === undefined
    ? state
    : `${state} for ${showWait({ kind: waitsFor.kind })}`;
  return `and ${rest.length.toLocaleString("en-US")} more ${kind}s ${doing}, up to ${longest}`;
}

function showNames(names: string[]): string {
  const shown = names.slice(0, 3).map((name) => JSON.stringify(name)).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}
