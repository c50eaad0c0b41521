import { now } from "../base/clock.ts";
import { showDuration } from "../base/inspect.ts";
import { onBeat } from "../base/on_beat.ts";
import { runContexts } from "../core/context.ts";
import type { Fiber } from "../core/fiber.ts";
import { waitOf } from "../core/fiber_state.ts";
import { type Tracing, tracing } from "../core/instrument.ts";
import { notePlaces, placeOf } from "./creation_places.ts";
import { install } from "./installed_instruments.ts";
import { showCircle } from "./stuck_run.ts";
import { findCircle } from "./find_circle.ts";

/** A step that held the event loop for longer is reported. */
const LONG_STEP = 100;

/** A task that was asked to stop, and has not heard of it for so long, is reported. */
const LONG_DEAF = 1_000;

/** How often it is looked whether the event loop moves on. */
const BEAT = 25;

/** After how many of these looks in which nothing happened there are no more. */
const QUIET_BEATS = 80;

/** How many of these looks there are between two at the tasks that were asked to stop. */
const BEATS_BETWEEN = 10;

let current: DebugMode | undefined;
let runs = 0;

/** Says on stderr, once for each place, what hides in a program: for all runs that want it. */
export class DebugMode {
  readonly #said = new Set<string>();
  readonly #ends: (() => void)[];
  #endBeat: (() => void) | undefined;
  /** Whose step it is, if that is known. */
  #running: Fiber | undefined;
  /** When the step began, or the event loop was last seen to move on. */
  #since = Infinity;
  #beats = 0;
  readonly [tracing]: Tracing = {
    goesOn: (fiber) => this.#goesOn(fiber),
    parks: (fiber) => this.#parks(fiber),
  };

  private constructor() {
    const installed = install(this);
    this.#ends = [
      notePlaces(),
      () => this.#endBeat?.(),
      () => installed[Symbol.dispose](),
    ];
  }

  /** Begin, unless another run has. */
  static start(): DebugMode {
    runs++;
    return current ??= new DebugMode();
  }

  /** End, if no other run wants it. */
  stop(): void {
    if (--runs > 0) return;
    current = undefined;
    for (const end of this.#ends) end();
  }

  #goesOn(fiber: Fiber): void {
    this.#somethingHappens();
    this.#checkStep(this.#running);
    this.#running = fiber;
  }

  #parks(fiber: Fiber): void {
    this.#somethingHappens();
    this.#checkStep(this.#running ?? fiber);
    this.#running = undefined;
    const circle = fiber.ended ? undefined : findCircle(fiber);
    if (circle === undefined) return;
    const places = circle.map((one) => placeOf(one) ?? one.task.name).sort();
    this.#say(`circle ${JSON.stringify(places)}`, () => showCircle(circle));
  }

  #beat(): void {
    this.#checkStep(this.#running);
    this.#running = undefined;
    if (++this.#beats % BEATS_BETWEEN === 0) this.#checkDeaf();
    // Deno does not end a program whose main module awaits what never comes, as long as there are any.
    if (this.#beats < QUIET_BEATS) return;
    this.#endBeat!();
    this.#endBeat = undefined;
    this.#since = Infinity;
  }

  #somethingHappens(): void {
    this.#beats = 0;
    this.#endBeat ??= onBeat(BEAT, () => this.#beat());
  }

  /** Code of this fiber ran until now, if any did. */
  #checkStep(fiber: Fiber | undefined): void {
    const since = this.#since;
    this.#since = now();
    const held = this.#since - since;
    // A task that goes on after a promise of somebody else tells nobody: its step began after the
    // last look at the latest.
    const sure = this.#running === undefined ? held - BEAT : held;
    if (fiber === undefined || sure <= LONG_STEP) return;
    this.#sayOf(
      "step",
      fiber,
      `held the event loop for ${
        showDuration(held)
      } in one step, in which nothing else could go on`,
    );
  }

  /** Look for tasks that were asked to stop and cannot be reached. */
  #checkDeaf(): void {
    for (const run of runContexts) {
      for (const owner of [run, ...run.groups]) {
        for (const fiber of owner.tasks as Iterable<Fiber>) {
          if (fiber.ended || fiber.cancelsRequested === 0 || waitOf(fiber) !== undefined) continue;
          const asked = now() - fiber.scope.cancelledAt;
          if (asked < LONG_DEAF) continue;
          this.#sayOf(
            "deaf",
            fiber,
            `was asked to stop ${
              showDuration(asked)
            } ago, by a limit or a cancellation, and is in a ` +
              "promise that is not the library's: pass that the signal, or await it with ensureFuture",
          );
        }
      }
    }
  }

  #sayOf(what: string, fiber: Fiber, text: string): void {
    const place = placeOf(fiber);
    const { name } = fiber.task;
    const created = place === undefined ? "" : `\n  created at ${place}`;
    this.#say(
      `${what} ${place ?? name}`,
      () => `Strand: task ${JSON.stringify(name)} ${text}${created}`,
    );
  }

  #say(key: string, text: () => string): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    console.error(text().trimEnd());
  }
}
