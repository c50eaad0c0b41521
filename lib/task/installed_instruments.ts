import { currentScope } from "../core/context.ts";
import type { Fiber } from "../core/fiber.ts";
import {
  type CallInfo,
  type Instrument,
  type Instruments,
  type Outcome,
  setInstruments,
  type TracedScope,
  type Tracing,
  tracing,
  type WaitInfo,
} from "../core/instrument.ts";
import { infoOf } from "./task_tree.ts";

/** The names of the hooks. */
export const HOOKS = [
  "taskCreated",
  "taskStarted",
  "taskEnded",
  "waitBegan",
  "waitEnded",
  "callSubmitted",
  "callStarted",
  "callEnded",
  "workerStarted",
  "workerEnded",
] as const satisfies (keyof Instrument)[];

type Traced = Instrument & { readonly [tracing]?: Tracing };

/** One instrument that is called: what ends it, and which tasks and waits it has heard of. */
class Installed implements Disposable {
  readonly hooks: Traced;
  readonly #reported = new Set<string>();

  constructor(hooks: Traced) {
    this.hooks = hooks;
  }

  /** Call one hook; its errors are reported, each hook's once, and go no further. */
  call(name: (typeof HOOKS)[number], ...args: unknown[]): void {
    try {
      (this.hooks[name] as ((...args: unknown[]) => void) | undefined)?.(...args);
    } catch (error) {
      if (this.#reported.has(name)) return;
      this.#reported.add(name);
      console.error(`The hook ${name} of an instrument failed:`, error);
    }
  }

  [Symbol.dispose](): void {
    if (!installed.delete(this)) return;
    setInstruments(installed.size === 0 ? undefined : new InstalledInstruments([...installed]));
    this.hooks[tracing]?.disposed?.();
  }
}

const installed = new Set<Installed>();

/** Have hooks called. */
export function install(hooks: Traced): Disposable {
  const one = new Installed(hooks);
  installed.add(one);
  setInstruments(new InstalledInstruments([...installed]));
  return one;
}

/** All instruments that are called, as one. */
export class InstalledInstruments implements Instruments {
  readonly #all: readonly Installed[];

  constructor(all: readonly Installed[]) {
    this.#all = all;
  }

  /** A task was created. */
  taskCreated(fiber: Fiber): void {
    this.call("taskCreated", infoOf(fiber));
  }

  /** A task begins: call its function. */
  startTask<R>(fiber: Fiber, fn: () => R): R {
    const task = infoOf(fiber);
    this.call("taskStarted", task);
    this.#trace("goesOn", fiber);
    return this.#nest((one) => one.aroundTask && ((inner) => one.aroundTask!(task, inner)), fn);
  }

  /** A task has ended. */
  taskEnded(fiber: Fiber, outcome: Outcome): void {
    this.#trace("parks", fiber);
    this.call("taskEnded", infoOf(fiber), outcome);
  }

  /** A task begins to wait. */
  waitBegan(fiber: Fiber, wait: WaitInfo): void {
    this.#trace("parks", fiber);
    this.call("waitBegan", infoOf(fiber), wait);
  }

  /** That wait is over. */
  waitEnded(fiber: Fiber, wait: WaitInfo): void {
    this.call("waitEnded", infoOf(fiber), wait);
    this.#trace("goesOn", fiber);
  }

  /** Call the hook of each. */
  call(name: (typeof HOOKS)[number], ...args: unknown[]): void {
    for (const one of this.#all) one.call(name, ...args);
  }

  /** Call `fn` in what each makes around the function of a call that came with a trace. */
  aroundCall<R>(traceparent: string, fn: () => R): R {
    const fiber = currentScope()?.fiber;
    const task = fiber === undefined ? undefined : infoOf(fiber);
    return this.#nest(
      (one) => one.aroundCall && ((inner) => one.aroundCall!(task, traceparent, inner)),
      fn,
    );
  }

  /** What the first that traces calls gives them to take along. */
  traceparentOf(call: CallInfo): string | undefined {
    for (const { hooks } of this.#all) {
      const traceparent = hooks[tracing]?.traceparentOf?.(call);
      if (traceparent !== undefined) return traceparent;
    }
    return undefined;
  }

  /** A limit or a group begins in the running code. */
  scopeBegan(kind: "timeout" | "group", name: string): TracedScope {
    const traced = this.#all.flatMap(({ hooks }) => {
      return hooks[tracing]?.scopeBegan?.(kind, name) ?? [];
    });
    return {
      around: (fn) => traced.reduceRight<typeof fn>((inner, one) => () => one.around(inner), fn)(),
      end: (outcome) => {
        for (const one of traced) one.end(outcome);
      },
    };
  }

  #trace(name: "goesOn" | "parks", fiber: Fiber): void {
    for (const { hooks } of this.#all) hooks[tracing]?.[name]?.(fiber);
  }

  #nest<R>(
    of: (one: Tracing) => ((inner: () => R) => R) | undefined,
    fn: () => R,
  ): R {
    return this.#all.reduceRight<() => R>((inner, { hooks }) => {
      const around = hooks[tracing] === undefined ? undefined : of(hooks[tracing]);
      return around === undefined ? inner : () => around(inner);
    }, fn)();
  }
}
