/**
 * From what the hooks of `instrument` tell to rows of bars: a row for each task, a bar for each
 * stretch in which it waits, works or cleans up.
 *
 * @module
 */

/** What a hook told, as it crosses from the stage to the page. */
export interface StageEvent {
  readonly hook: "taskCreated" | "taskStarted" | "taskEnded" | "waitBegan" | "waitEnded";
  /** Which task it was. */
  readonly task: number;
  readonly name: string;
  /** When, in milliseconds since the program began. */
  readonly at: number;
  /** What the task waits for. */
  readonly wait?: string;
  /** Whether the task was asked to stop and has not ended. */
  readonly stopping?: boolean;
  /** How it ended. */
  readonly outcome?: Outcome;
}

/** How a task ended. */
export type Outcome = "done" | "failed" | "cancelled";

/** What a task does in a stretch of time. */
export type Doing = "ready" | "working" | "waiting" | "stopping";

/** A stretch of time in which a task does one thing. */
export interface Bar {
  readonly doing: Doing;
  /** What it waits for. */
  readonly wait?: string;
  readonly from: number;
  /** Not there while it goes on. */
  to?: number;
}

/** A task. */
export interface Row {
  readonly name: string;
  readonly bars: Bar[];
  outcome?: Outcome;
}

/** Takes events in their order, and keeps the rows that they amount to. */
export class Timeline {
  readonly rows: Row[] = [];
  readonly #rows = new Map<number, { row: Row; waits: string[] }>();

  /** Add what happened. */
  add(event: StageEvent): void {
    const { hook, task, name, at, wait = "", stopping = false, outcome } = event;
    if (hook === "taskCreated") {
      const row: Row = { name, bars: [{ doing: "ready", from: at }] };
      this.rows.push(row);
      this.#rows.set(task, { row, waits: [] });
      return;
    }
    const known = this.#rows.get(task);
    if (known === undefined) return;
    const { row, waits } = known;
    if (hook === "waitBegan") waits.push(wait);
    if (hook === "waitEnded") waits.splice(waits.indexOf(wait), 1);
    if (hook === "taskEnded") {
      end(row, at);
      row.outcome = outcome!;
      return;
    }
    const current = waits.at(-1);
    const doing = current === undefined ? "working" : stopping ? "stopping" : "waiting";
    begin(row, { doing, from: at, ...current === undefined ? {} : { wait: current } });
  }

  /** How long all of it has lasted, given how late it is. */
  length(now: number): number {
    return Math.max(now, ...this.rows.map(({ bars }) => bars.at(-1)?.to ?? 0));
  }
}

function begin(row: Row, bar: Bar): void {
  const last = row.bars.at(-1)!;
  if (last.doing === bar.doing && last.wait === bar.wait) return;
  last.to = bar.from;
  dropShort(row, 0);
  row.bars.push(bar);
}

function end(row: Row, at: number): void {
  row.bars.at(-1)!.to = at;
  dropShort(row, 1);
}

/** A bar that took no time to speak of is none, but of a row that ends so many stay. */
function dropShort({ bars }: Row, least: number): void {
  const { from, to } = bars.at(-1)!;
  if (to! - from < 1 && bars.length > least) bars.pop();
}

/** What a row shows, in words, for those who do not see it. */
export function describe({ name, bars, outcome }: Row): string {
  const parts = bars.map(({ doing, wait, from, to }) => {
    const what = wait === undefined ? doing : `${doing} in ${wait}`;
    return to === undefined ? what : `${what} for ${Math.round(to - from)} ms`;
  });
  return `${name}: ${[...parts, ...outcome === undefined ? [] : [outcome]].join(", ")}`;
}
