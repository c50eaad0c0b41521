import { nextTurn, now } from "../base/clock.ts";
import { checkFunction } from "../base/validate.ts";
import {
  type CallInfo,
  type Instrument,
  type Outcome,
  type TaskInfo,
  type TracedScope,
  type Tracing,
  tracing,
  type WaitInfo,
  type WorkerInfo,
} from "../core/instrument.ts";

/** How many characters are gathered before they are written. */
const CHUNK = 16_384;

/** The process of all events: this program. */
const PID = 1;

/** The track of the thread whose tasks are traced. */
const MAIN = 1;

/** One event of the Trace Event Format. */
interface TraceEvent {
  /** B and E: begin and end on the track of a thread; b and e: on a track of its own; s, t and f: a flow. */
  readonly ph: "B" | "E" | "b" | "e" | "s" | "t" | "f" | "M";
  readonly name: string;
  readonly cat?: string;
  readonly tid?: number;
  readonly id?: number;
  readonly bp?: "e";
  readonly args?: Record<string, unknown>;
}

/** A task that has begun and has not ended. */
interface OpenTask {
  readonly id: number;
  readonly name: string;
  /** The waits it is in, the oldest first: drawn inside one another. */
  readonly waits: { readonly wait: WaitInfo; readonly title: string }[];
}

/** A call that was submitted and has no outcome. */
interface OpenCall {
  /** The track of its worker, once it has begun there. */
  tid?: number;
}

/** Writes events as they come: of what is over, it remembers nothing. */
class ChromeTrace implements Instrument {
  readonly #write: (text: string) => void;
  #text = "[\n";
  #first = true;
  #ended = false;
  #ids = 0;
  #threads = MAIN;
  readonly #tasks = new Map<TaskInfo, OpenTask>();
  readonly #calls = new Map<CallInfo, OpenCall>();
  readonly #scopes = new Map<number, { kind: string; name: string }>();
  /** The tracks of workers, by pool and name. */
  readonly #workers = new Map<string, number>();
  /** The task of which the thread's track shows a step. */
  #running: OpenTask | undefined;
  readonly [tracing]: Tracing = {
    scopeBegan: (kind, name) => this.#scopeBegan(kind, name),
    disposed: () => this.#end(),
  };

  constructor(write: (text: string) => void) {
    this.#write = write;
    this.#put({ ph: "M", name: "process_name", args: { name: "Strand" } });
    this.#put({ ph: "M", name: "thread_name", tid: MAIN, args: { name: "event loop" } });
  }

  taskCreated(task: TaskInfo): void {
    const open = { id: ++this.#ids, name: task.name, waits: [] };
    this.#tasks.set(task, open);
    this.#put({ ph: "b", cat: "task", name: open.name, id: open.id });
  }

  taskStarted(task: TaskInfo): void {
    this.#stepBegins(this.#tasks.get(task));
  }

  taskEnded(task: TaskInfo, outcome: Outcome): void {
    const open = this.#tasks.get(task);
    if (open === undefined) return;
    this.#tasks.delete(task);
    this.#stepEnds(open);
    this.#closeTask(open, { state: outcome.state });
  }

  waitBegan(task: TaskInfo, wait: WaitInfo): void {
    const open = this.#tasks.get(task);
    if (open === undefined) return;
    this.#stepEnds(open);
    const title = wait.name === undefined ? wait.kind : `${wait.kind} "${wait.name}"`;
    open.waits.push({ wait, title });
    this.#put({
      ph: "b",
      cat: "wait",
      name: title,
      id: open.id,
      args: wait.heldBy === undefined ? {} : { heldBy: wait.heldBy },
    });
  }

  waitEnded(task: TaskInfo, wait: WaitInfo): void {
    const open = this.#tasks.get(task);
    const at = open?.waits.findIndex((one) => one.wait === wait) ?? -1;
    if (open === undefined || at < 0) return;
    // Of waits side by side, the older may end first: those drawn inside it are cut in two.
    const inner = open.waits.splice(at);
    for (const { title } of inner.toReversed()) this.#endWait(open, title);
    for (const one of inner.slice(1)) {
      open.waits.push(one);
      this.#put({ ph: "b", cat: "wait", name: one.title, id: open.id });
    }
    if (open.waits.length === 0) this.#stepBegins(open);
  }

  callSubmitted(call: CallInfo): void {
    this.#calls.set(call, {});
    this.#onMain(`submit ${call.name}`, { pool: call.pool }, "s", call);
  }

  callStarted(call: CallInfo): void {
    const open = this.#calls.get(call);
    if (open === undefined) return;
    const tid = this.#trackOf(call.pool, call.worker ?? call.pool);
    if (open.tid !== undefined) this.#put({ ph: "E", name: call.name, tid: open.tid });
    open.tid = tid;
    this.#put({ ph: "B", cat: "call", name: call.name, tid });
    this.#put({ ph: "t", cat: "flow", name: "call", id: call.id, tid });
  }

  callEnded(call: CallInfo, outcome: Outcome): void {
    const open = this.#calls.get(call);
    if (open === undefined) return;
    this.#calls.delete(call);
    const { state } = outcome;
    if (open.tid !== undefined) {
      this.#put({ ph: "E", name: call.name, tid: open.tid, args: { state } });
    }
    this.#onMain(`result ${call.name}`, { state }, "f", call);
  }

  workerStarted({ pool, name }: WorkerInfo): void {
    this.#trackOf(pool, name);
  }

  workerEnded({ pool, name }: WorkerInfo): void {
    this.#workers.delete(keyOf(pool, name));
  }

  /** A short slice on the thread's track, and the end of an arrow in it. */
  #onMain(name: string, args: Record<string, unknown>, ph: "s" | "f", call: CallInfo): void {
    this.#put({ ph: "B", cat: "call", name, tid: MAIN, args });
    const end = ph === "f" ? { bp: "e" as const } : {};
    this.#put({ ph, cat: "flow", name: "call", id: call.id, tid: MAIN, ...end });
    this.#put({ ph: "E", name, tid: MAIN });
  }

  #stepBegins(task: OpenTask | undefined): void {
    if (task === undefined || this.#running === task) return;
    if (this.#running !== undefined) this.#stepEnds(this.#running);
    this.#running = task;
    this.#put({ ph: "B", cat: "step", name: task.name, tid: MAIN });
    // A task that goes into a promise of somebody else tells nobody: its step is over at the latest
    // when the event loop moves on.
    nextTurn(() => this.#stepEnds(task));
  }

  #stepEnds(task: OpenTask): void {
    if (this.#running !== task) return;
    this.#running = undefined;
    this.#put({ ph: "E", name: task.name, tid: MAIN });
  }

  #scopeBegan(kind: "timeout" | "group", name: string): TracedScope {
    const id = ++this.#ids;
    this.#scopes.set(id, { kind, name });
    this.#put({ ph: "b", cat: kind, name, id });
    return {
      around: (fn) => fn(),
      end: ({ state }) => {
        if (this.#scopes.delete(id)) this.#put({ ph: "e", cat: kind, name, id, args: { state } });
      },
    };
  }

  #closeTask(task: OpenTask, args: Record<string, unknown>): void {
    for (const { title } of task.waits.splice(0).reverse()) this.#endWait(task, title);
    this.#put({ ph: "e", cat: "task", name: task.name, id: task.id, args });
  }

  #endWait(task: OpenTask, title: string): void {
    this.#put({ ph: "e", cat: "wait", name: title, id: task.id });
  }

  #trackOf(pool: string, worker: string): number {
    const key = keyOf(pool, worker);
    const known = this.#workers.get(key);
    if (known !== undefined) return known;
    const tid = ++this.#threads;
    this.#workers.set(key, tid);
    const name = worker === pool ? pool : `${pool}: ${worker}`;
    this.#put({ ph: "M", name: "thread_name", tid, args: { name } });
    return tid;
  }

  #put({ tid = MAIN, ...event }: TraceEvent): void {
    if (this.#ended) return;
    const separator = this.#first ? "" : ",\n";
    this.#first = false;
    const ts = Math.round(now() * 1_000);
    this.#text += separator + JSON.stringify({ ...event, pid: PID, tid, ts });
    if (this.#text.length >= CHUNK) this.#flush();
  }

  #flush(): void {
    const text = this.#text;
    this.#text = "";
    this.#write(text);
  }

  /** Close what is open, and the file. */
  #end(): void {
    if (this.#ended) return;
    if (this.#running !== undefined) this.#stepEnds(this.#running);
    for (const [call, { tid }] of this.#calls) {
      if (tid !== undefined) this.#put({ ph: "E", name: call.name, tid, args: { state: "open" } });
    }
    for (const task of this.#tasks.values()) this.#closeTask(task, { state: "open" });
    for (const [id, { kind, name }] of this.#scopes) {
      this.#put({ ph: "e", cat: kind, name, id, args: { state: "open" } });
    }
    this.#scopes.clear();
    this.#tasks.clear();
    this.#calls.clear();
    this.#text += "\n]\n";
    this.#ended = true;
    this.#flush();
  }
}

function keyOf(pool: string, worker: string): string {
  return JSON.stringify([pool, worker]);
}

/**
 * An instrument that writes what runs as a file for Perfetto (ui.perfetto.dev) and
 * chrome://tracing.
 *
 * - The event loop has a track with the steps of tasks and each worker one with its calls; each task
 *   has a track of its own, on which its waits are told apart from the rest.
 * - Arrows lead from where a call was submitted to where it ran and to where its result came.
 * - It is written as it happens, in pieces of some 16 kB: what is over is not kept in memory.
 * - Disposing what `instrument` gave closes everything that is open and ends the file.
 *
 * CPython: none.
 *
 * @param write Takes the next piece of the file, in order, synchronously.
 * @returns The instrument, for one call of `instrument`.
 * @throws {TypeError} If `write` is not a function.
 *
 * @example
 * ```ts
 * import { createTask, instrument, sleep } from "@strand/strand";
 * import { chromeTrace } from "@strand/strand/observe";
 * import { assert } from "@std/assert";
 *
 * let text = "";
 * {
 *   using _ = instrument(chromeTrace((piece) => void (text += piece)));
 *   await createTask(() => sleep(1), { name: "nap" });
 * }
 * const events: { name: string }[] = JSON.parse(text);
 * assert(events.some(({ name }) => name === "nap"));
 * ```
 */
export function chromeTrace(write: (text: string) => void): Instrument {
  checkFunction("trace the program", "write", write);
  return new ChromeTrace(write);
}
