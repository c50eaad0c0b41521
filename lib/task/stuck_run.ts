import { clockLooks, timersPending } from "../base/clock.ts";
import { onBeat } from "../base/on_beat.ts";
import { failAtEnd, nothingOpen, onLoopEnd } from "../base/runtime.ts";
import { type RunContext, runContexts } from "../core/context.ts";
import type { Fiber } from "../core/fiber.ts";
import { showState } from "../core/show_state.ts";
import { formatTaskTree } from "./format_task_tree.ts";
import { callSources, infoOf } from "./task_tree.ts";
import { findCircle, waitsAmongTasks } from "./find_circle.ts";

/** For how many milliseconds nothing happens before it is asked whether anything can. */
const QUIET = 500;

/** Tasks that wait for each other in a circle, in words. */
export function showCircle(circle: Fiber[]): string {
  const lines = circle.map((fiber) => {
    const { name, since, waitsFor, createdAt } = infoOf(fiber);
    const doing = showState({ state: "waiting", since, waitsFor: waitsFor! });
    const place = createdAt === undefined ? "" : `, created at ${createdAt}`;
    return `  task ${JSON.stringify(name)} ${doing}${place}\n`;
  });
  return `Strand: tasks wait for each other in a circle:\n${lines.join("")}`;
}

/** Says, once, that a run can never go on, and has the program fail for it. */
export class StuckRun {
  readonly #main: Fiber;
  readonly #listens: boolean;
  readonly #unlisten: () => void;
  readonly #ends: (() => void)[];
  #looks = "";
  #asked = false;
  #said = false;

  /**
   * Watch a run, until `stop` is called.
   *
   * @param listens Whether the run listens to signals.
   * @param unlisten Have it listen no more: as long as it does, Deno does not end a program whose main
   *   module awaits what never comes.
   */
  constructor(run: RunContext, listens: boolean, unlisten: () => void) {
    [this.#main] = run.tasks as Iterable<Fiber> as [Fiber];
    this.#listens = listens;
    this.#unlisten = unlisten;
    this.#ends = [onLoopEnd(() => this.#atEnd()), onBeat(QUIET, () => this.#beat())];
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** The event loop is empty: whatever waits, waits in vain. */
  #atEnd(): void {
    failAtEnd();
    this.#say(findCircle(this.#main), "nothing is open that could wake one");
  }

  /** Once after each time that something happened. */
  #beat(): void {
    const looks = clockLooks();
    if (looks !== this.#looks) this.#asked = false;
    else if (!this.#asked) {
      this.#asked = true;
      if (!timersPending()) this.#ask();
      // A beat holds such a program, too.
      if (!this.#listens) this.stop();
    }
    this.#looks = clockLooks();
  }

  #ask(): void {
    const circle = findCircle(this.#main);
    const open = callSources.size > 0 || !allWait() ? false : nothingOpen();
    if (circle === undefined && open !== true) return;
    // Of these two the runtime does not tell; so only a circle is reason enough to end the program.
    this.#say(
      circle,
      "no timer, connection or file is open that could wake one; only a worker of the program's own " +
        "or standard input could",
    );
    if (circle === undefined || open === false) return;
    this.stop();
    failAtEnd();
    this.#unlisten();
  }

  #say(circle: Fiber[] | undefined, reason: string): void {
    if (this.#said) return;
    this.#said = true;
    const head = circle === undefined
      ? `Strand: all tasks wait, and ${reason}:\n`
      : `${showCircle(circle)}Strand: all that runs:\n`;
    console.error(`${head}${formatTaskTree()}`.trimEnd());
  }
}

/** Whether every task of this thread waits for another one. */
function allWait(): boolean {
  for (const run of runContexts) {
    for (const owner of [run, ...run.groups]) {
      for (const fiber of owner.tasks as Iterable<Fiber>) {
        if (!fiber.ended && !waitsAmongTasks(fiber)) return false;
      }
    }
  }
  return true;
}
