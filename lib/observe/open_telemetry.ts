import { WorkerCrashedError } from "../errors.ts";
import { now } from "../base/clock.ts";
import { isInstance } from "../base/instance.ts";
import { checkOptions, show } from "../base/validate.ts";
import {
  type CallInfo,
  type Instrument,
  type Outcome,
  statsOf,
  type TaskInfo,
  type TracedScope,
  type Tracing,
  tracing,
} from "../core/instrument.ts";

/** A span of OpenTelemetry, as far as it is used here. */
export interface OtelSpan {
  /** Where it belongs. */
  spanContext(): { traceId: string; spanId: string; traceFlags: number };
  /** What is known of it. */
  setAttribute(key: string, value: string | number | boolean): unknown;
  /** How it ended: 1 is well, 2 is an error. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** An error that happened in it. */
  recordException(error: Error): void;
  /** It is over. */
  end(): void;
}

/** A counter or a histogram of OpenTelemetry, as far as it is used here. */
export interface OtelInstrument {
  /** Count, where it counts. */
  add?(value: number, attributes?: Record<string, string>): void;
  /** Record a value, where it records values. */
  record?(value: number, attributes?: Record<string, string>): void;
}

/**
 * The module `@opentelemetry/api`, as far as it is used here.
 *
 * @example
 * ```ts
 * import { openTelemetry, type OpenTelemetryApi } from "@strand/strand/observe";
 * import { instrument } from "@strand/strand";
 *
 * // With `import * as api from "npm:@opentelemetry/api"`: observe(api).
 * export function observe(api: OpenTelemetryApi): Disposable {
 *   return instrument(openTelemetry(api, { name: "shop" }));
 * }
 * ```
 */
export interface OpenTelemetryApi {
  /** Makes spans, and finds them in contexts. */
  readonly trace: {
    // deno-lint-ignore no-explicit-any
    getTracer(name: string, version?: string): any;
    // deno-lint-ignore no-explicit-any
    setSpan(context: any, span: any): any;
    // deno-lint-ignore no-explicit-any
    setSpanContext(context: any, spanContext: any): any;
  };
  /** The context of the running code. */
  readonly context: {
    // deno-lint-ignore no-explicit-any
    active(): any;
    // deno-lint-ignore no-explicit-any
    with(context: any, fn: any): any;
  };
  /** Makes counters and histograms. */
  readonly metrics: {
    // deno-lint-ignore no-explicit-any
    getMeter(name: string, version?: string): any;
  };
  /** The context of code that belongs to none. */
  // deno-lint-ignore no-explicit-any
  readonly ROOT_CONTEXT: any;
}

/**
 * Options of `openTelemetry`.
 *
 * @example
 * ```ts
 * import type { OpenTelemetryOptions } from "@strand/strand/observe";
 *
 * const callsOnly: OpenTelemetryOptions = { name: "shop", tasks: false, limits: false };
 * console.assert(callsOnly.tasks === false);
 * ```
 */
export interface OpenTelemetryOptions {
  /** The name of tracer and meter. Default: `"@strand/strand"`. */
  name?: string;
  /** Whether tasks have spans. Default: `true`. */
  tasks?: boolean;
  /** Whether groups and limits have spans. Default: `true`. */
  limits?: boolean;
}

/** The kinds of span: what happens here, and what is asked of somebody else. */
const INTERNAL = 0;
const CLIENT = 2;

const OK = 1;
const ERROR = 2;

/** A call under way: its span, and since when it has been queued or busy. */
interface CallSpan {
  readonly span: OtelSpan;
  readonly pool: { readonly pool: string };
  begun: number | undefined;
}

class OpenTelemetry implements Instrument {
  readonly #api: OpenTelemetryApi;
  readonly #options: OpenTelemetryOptions;
  readonly #tracer: {
    startSpan(name: string, options: Record<string, unknown>, context: unknown): OtelSpan;
  };
  readonly #tasks = new Map<TaskInfo, OtelSpan>();
  readonly #calls = new Map<CallInfo, CallSpan>();
  /** What the pools that were heard of say of themselves. */
  readonly #pools = new Map<string, WeakRef<() => { readonly stuck: number }>>();
  readonly #queued: OtelInstrument;
  readonly #busy: OtelInstrument;
  readonly #crashes: OtelInstrument;
  readonly #duration: OtelInstrument;
  readonly #stopStuck: () => void;
  readonly [tracing]: Tracing = {
    aroundTask: (task, fn) => this.#aroundTask(task, fn),
    traceparentOf: (call) => this.#traceparentOf(call),
    aroundCall: (task, traceparent, fn) => this.#aroundCall(task, traceparent, fn),
    scopeBegan: (kind, name) => this.#scopeBegan(kind, name),
    disposed: () => this.#stopStuck(),
  };

  constructor(api: OpenTelemetryApi, options: OpenTelemetryOptions) {
    this.#api = api;
    this.#options = options;
    const name = options.name ?? "@strand/strand";
    this.#tracer = api.trace.getTracer(name);
    const meter = api.metrics.getMeter(name);
    this.#queued = meter.createUpDownCounter("strand.pool.queued", {
      description: "Calls that wait for a worker",
      unit: "{call}",
    });
    this.#busy = meter.createUpDownCounter("strand.pool.busy", {
      description: "Calls that a worker is at",
      unit: "{call}",
    });
    this.#crashes = meter.createCounter("strand.pool.crashes", {
      description: "Calls whose worker died",
      unit: "{call}",
    });
    this.#duration = meter.createHistogram("strand.call.duration", {
      description: "From the start of a call in its worker to its outcome",
      unit: "ms",
    });
    const stuck = meter.createObservableGauge("strand.pool.stuck", {
      description: "Workers that could not be ended",
      unit: "{worker}",
    });
    const observe = (result: { observe(value: number, attributes: object): void }) => {
      for (const [pool, ref] of this.#pools) {
        const stats = ref.deref();
        if (stats === undefined) this.#pools.delete(pool);
        else result.observe(stats().stuck, { pool });
      }
    };
    stuck.addCallback(observe);
    this.#stopStuck = () => stuck.removeCallback(observe);
  }

  taskCreated(task: TaskInfo): void {
    if (this.#options.tasks === false) return;
    this.#tasks.set(task, this.#start(task.name, INTERNAL, { "strand.kind": "task" }));
  }

  taskEnded(task: TaskInfo, outcome: Outcome): void {
    const span = this.#tasks.get(task);
    if (span === undefined) return;
    this.#tasks.delete(task);
    end(span, outcome);
  }

  callSubmitted(call: CallInfo): void {
    const pool = { pool: call.pool };
    const span = this.#start(call.name, CLIENT, {
      "strand.kind": "call",
      "strand.pool": call.pool,
    });
    this.#calls.set(call, { span, pool, begun: undefined });
    const stats = call[statsOf];
    if (stats !== undefined) this.#pools.set(call.pool, new WeakRef(stats));
    this.#queued.add?.(1, pool);
  }

  callStarted(call: CallInfo): void {
    const open = this.#calls.get(call);
    if (open === undefined) return;
    if (open.begun === undefined) {
      this.#queued.add?.(-1, open.pool);
      this.#busy.add?.(1, open.pool);
    }
    open.begun = now();
    if (call.worker !== undefined) open.span.setAttribute("strand.worker", call.worker);
  }

  callEnded(call: CallInfo, outcome: Outcome): void {
    const open = this.#calls.get(call);
    if (open === undefined) return;
    this.#calls.delete(call);
    const { span, pool, begun } = open;
    if (begun === undefined) this.#queued.add?.(-1, pool);
    else {
      this.#busy.add?.(-1, pool);
      this.#duration.record?.(now() - begun, pool);
    }
    if (isInstance(outcome.error, WorkerCrashedError)) this.#crashes.add?.(1, pool);
    end(span, outcome);
  }

  #start(name: string, kind: number, attributes: Record<string, string>): OtelSpan {
    return this.#tracer.startSpan(name, { kind, attributes }, this.#api.context.active());
  }

  #aroundTask<R>(task: TaskInfo, fn: () => R): R {
    const span = this.#tasks.get(task);
    return span === undefined ? fn() : this.#within(span, fn);
  }

  #traceparentOf(call: CallInfo): string | undefined {
    const context = this.#calls.get(call)?.span.spanContext();
    if (context === undefined) return undefined;
    const flags = context.traceFlags.toString(16).padStart(2, "0");
    return `00-${context.traceId}-${context.spanId}-${flags}`;
  }

  #aroundCall<R>(task: TaskInfo | undefined, traceparent: string, fn: () => R): R {
    const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
      .exec(traceparent) ?? [];
    if (traceId === undefined || spanId === undefined) return fn();
    // The call has its span where it was submitted: its task here has none besides. One that is not
    // ended is not exported.
    if (task !== undefined) this.#tasks.delete(task);
    const { context, trace, ROOT_CONTEXT } = this.#api;
    const remote = { traceId, spanId, traceFlags: parseInt(flags!, 16), isRemote: true };
    return context.with(trace.setSpanContext(ROOT_CONTEXT, remote), fn);
  }

  #scopeBegan(kind: "timeout" | "group", name: string): TracedScope | undefined {
    if (this.#options.limits === false) return undefined;
    const span = this.#start(name, INTERNAL, { "strand.kind": kind });
    return { around: (fn) => this.#within(span, fn), end: (outcome) => end(span, outcome) };
  }

  #within<R>(span: OtelSpan, fn: () => R): R {
    const { context, trace } = this.#api;
    return context.with(trace.setSpan(context.active(), span), fn);
  }
}

function end(span: OtelSpan, { state, error }: Outcome): void {
  if (state === "done") span.setStatus({ code: OK });
  else if (state === "cancelled") span.setAttribute("strand.cancelled", true);
  else {
    const failure = error instanceof Error ? error : new Error(show(error));
    span.recordException(failure);
    span.setStatus({ code: ERROR, message: failure.message });
  }
  span.end();
}

const OPTIONS = ["name", "tasks", "limits"];

/**
 * An instrument that makes spans and metrics of OpenTelemetry.
 *
 * - Tasks, groups, limits and calls of pools have a span each, under the span that was active where
 *   they were created. A task's function runs in its span.
 * - A call takes its trace along to its worker, as a `traceparent`. A worker that called
 *   `instrument(openTelemetry(api))`, in an initializer for example, takes it up, so that spans made
 *   there are children of the call's.
 * - Metrics: `strand.pool.queued`, `strand.pool.busy`, `strand.pool.crashes`, `strand.pool.stuck`,
 *   and `strand.call.duration` in milliseconds, each by pool.
 *
 * CPython: none.
 *
 * @param api The module `@opentelemetry/api`, version 1.
 * @param options `name`, `tasks`, `limits`: what it is to be called, and what has spans.
 * @returns The instrument, for one call of `instrument`.
 * @throws {TypeError} If `api` is not that module, or an option is unknown.
 *
 * @example
 * ```ts
 * import { createTask, instrument, sleep } from "@strand/strand";
 * import { openTelemetry } from "@strand/strand/observe";
 * import * as api from "npm:@opentelemetry/api@1";
 *
 * {
 *   using _ = instrument(openTelemetry(api));
 *   await createTask(() => sleep(1), { name: "a span of its own" });
 * }
 * ```
 */
export function openTelemetry(
  api: OpenTelemetryApi,
  options: OpenTelemetryOptions = {},
): Instrument {
  const what = "observe the program";
  const { trace, context, metrics } = Object(api ?? {}) as Partial<OpenTelemetryApi>;
  if (trace === undefined || context === undefined || metrics === undefined) {
    throw new TypeError(`Cannot ${what}: api must be @opentelemetry/api, received ${show(api)}`);
  }
  checkOptions(what, options, OPTIONS);
  return new OpenTelemetry(api, options);
}
