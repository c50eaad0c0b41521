import { assert, assertEquals, assertThrows } from "@std/assert";
import * as api from "npm:@opentelemetry/api@1.9.0";
import { MeterProvider, MetricReader } from "npm:@opentelemetry/sdk-metrics@1.30.1";
import type { ReadableSpan } from "npm:@opentelemetry/sdk-trace-base@1.30.1";
import {
  createTask,
  instrument,
  moveOnAfter,
  ProcessPool,
  sleep,
  TaskGroup,
  timeout,
  waitFor,
  WorkerPool,
} from "../../mod.ts";
import { openTelemetry, type OpenTelemetryOptions } from "../../observe.ts";
import {
  dies,
  exporter,
  factsOf,
  observeWorker,
  setUpSdk,
  streamTraces,
  traced,
  traceOf,
} from "./fixtures/traced_work.ts";

setUpSdk();

class Reader extends MetricReader {
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

const reader = new Reader();
api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const tracer = api.trace.getTracer("test");

/** The spans that come of what `body` does within a span of its own. */
async function spansOf(
  body: () => unknown,
  options?: OpenTelemetryOptions,
): Promise<{ root: ReadableSpan; spans: ReadableSpan[] }> {
  exporter.reset();
  {
    using _ = instrument(openTelemetry(api, options));
    await tracer.startActiveSpan("root", async (span) => {
      await body();
      span.end();
    });
  }
  // The exporter answers by a timer.
  await new Promise((resolve) => setTimeout(resolve, 1));
  const all = exporter.getFinishedSpans();
  const root = all.find(({ name }) => name === "root")!;
  return { root, spans: all.filter((span) => span !== root) };
}

/** The names of the spans, each under the name of its parent. */
function lineage(spans: ReadableSpan[], root: ReadableSpan): string[] {
  const byId = new Map([root, ...spans].map((span) => [span.spanContext().spanId, span.name]));
  return spans.map((span) => `${byId.get(span.parentSpanId ?? "")} > ${span.name}`).sort();
}

/** The last value of a metric, by pool. */
async function metric(name: string, pool: string): Promise<unknown> {
  const { resourceMetrics } = await reader.collect();
  const found = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)
    .filter(({ descriptor }) => descriptor.name === name)
    .flatMap(({ dataPoints }) => dataPoints as { attributes: object; value: unknown }[])
    .find(({ attributes }) => (attributes as { pool: string }).pool === pool);
  return found?.value;
}

Deno.test("openTelemetry: tasks, groups and limits have spans, nested as they were made", async () => {
  const { root, spans } = await spansOf(async () => {
    await createTask(async () => {
      await sleep(1);
      await createTask(() => sleep(1), { name: "inner" });
      await TaskGroup.run((group) => {
        group.createTask(() => sleep(1), { name: "child" });
        tracer.startActiveSpan("by hand", (span) => {
          group.createTask(() => sleep(1), { name: "of the hand" });
          span.end();
        });
      }, { name: "downloads" });
      await timeout(60_000, () => createTask(() => sleep(1), { name: "limited" }));
      await moveOnAfter(60_000, () => sleep(1));
      await waitFor(() => sleep(1), 60_000);
      await using group = new TaskGroup();
      group.createTask(() => sleep(1), { name: "of a block" });
    }, { name: "outer" });
  });
  assertEquals(lineage(spans, root), [
    "TaskGroup > of a block",
    "by hand > of the hand",
    "downloads > by hand",
    "downloads > child",
    "outer > TaskGroup",
    "outer > downloads",
    "outer > inner",
    "outer > moveOnAfter",
    "outer > timeout",
    "outer > timeout",
    "root > outer",
    "timeout > limited",
  ]);
  for (const span of spans) assertEquals(span.spanContext().traceId, root.spanContext().traceId);
  const group = spans.find(({ name }) => name === "downloads")!;
  assertEquals(group.attributes, { "strand.kind": "group" });
  // A group ends after its children.
  const child = spans.find(({ name }) => name === "child")!;
  assert(spans.indexOf(child) < spans.indexOf(group));
});

Deno.test("openTelemetry: a span says how it ended", async () => {
  const { spans } = await spansOf(async () => {
    const fails = createTask(() => Promise.reject(new RangeError("no")), { name: "fails" });
    const cancelled = createTask(() => sleep(60_000), { name: "cancelled" });
    const well = createTask(() => {}, { name: "well" });
    const settled = Promise.allSettled([fails, cancelled, well]);
    await sleep(0);
    cancelled.cancel();
    await settled;
    await timeout(1, () => sleep(60_000)).catch(() => {});
    await TaskGroup.run((group) => {
      group.createTask(() => Promise.reject(new Error("child")), { name: "child" });
    }).catch(() => {});
  });
  const ends = Object.fromEntries(
    spans.filter(({ name }) => !name.startsWith("Task-")).map((
      { name, status, events, attributes },
    ) => [name, [
      status.code,
      status.message,
      events.map(({ attributes }) => attributes?.["exception.type"]),
      attributes["strand.cancelled"],
    ]]),
  );
  assertEquals(ends, {
    fails: [api.SpanStatusCode.ERROR, "no", ["RangeError"], undefined],
    cancelled: [api.SpanStatusCode.UNSET, undefined, [], true],
    well: [api.SpanStatusCode.OK, undefined, [], undefined],
    timeout: [
      api.SpanStatusCode.ERROR,
      "The time limit was exceeded",
      ["TimeoutError"],
      undefined,
    ],
    TaskGroup: [
      api.SpanStatusCode.ERROR,
      "Unhandled errors in a task group (1 error)",
      ["ExceptionGroup"],
      undefined,
    ],
    child: [api.SpanStatusCode.ERROR, "child", ["Error"], undefined],
  });
});

Deno.test("openTelemetry: options leave out tasks, or groups and limits", async () => {
  const body = () => createTask(() => timeout(1_000, () => sleep(0)), { name: "task" });
  const names = async (options: OpenTelemetryOptions) => {
    return (await spansOf(body, options)).spans.map(({ name }) => name);
  };
  assertEquals(await names({ tasks: false }), ["timeout"]);
  assertEquals(await names({ limits: false }), ["task"]);
  const { spans } = await spansOf(body, { name: "shop" });
  assertEquals(new Set(spans.map((span) => span.instrumentationLibrary.name)), new Set(["shop"]));
});

for (const [kind, Pool] of [["threads", WorkerPool], ["processes", ProcessPool]] as const) {
  Deno.test(`openTelemetry: the spans of ${kind} are children of the call's`, async () => {
    await using pool = new Pool({ maxWorkers: 1, initializer: observeWorker, name: "img" });
    await pool.submit(traceOf, 0); // from outside any span
    let inside: Awaited<ReturnType<typeof traced>> = [];
    const { root, spans } = await spansOf(async () => {
      inside = await pool.submit(traced);
      await Promise.all([pool.submit(traceOf, 1), pool.submit(traceOf, 2)]);
    });
    const untraced = await pool.submit(traceOf, 3);
    assertEquals(lineage(spans, root), ["root > traceOf", "root > traceOf", "root > traced"]);
    const call = factsOf(spans.find(({ name }) => name === "traced")!);
    assertEquals(inside.map(({ name }) => name), ["by hand", "a task of the worker"]);
    for (const { traceId, parent } of inside) {
      assertEquals([traceId, parent], [call.traceId, call.spanId]);
    }
    assert(untraced !== call.traceId);
    const { attributes, kind: spanKind } = spans[0]!;
    assertEquals([attributes["strand.pool"], spanKind], ["img", api.SpanKind.CLIENT]);
    assert(typeof attributes["strand.worker"] === "string");
  });
}

Deno.test("openTelemetry: maps and streams take their trace along, too", async () => {
  await using pool = new WorkerPool({ maxWorkers: 2, initializer: observeWorker });
  let traces: (string | undefined)[] = [];
  const yielded: (string | undefined)[] = [];
  const { root, spans } = await spansOf(async () => {
    traces = await Array.fromAsync(pool.map(traceOf, [1, 2, 3, 4]));
    for await (const spanId of pool.stream(streamTraces)) yielded.push(spanId);
  });
  const { traceId } = root.spanContext();
  assertEquals(traces, [traceId, traceId, traceId, traceId]);
  const stream = spans.find(({ name }) => name === "streamTraces")!.spanContext();
  assertEquals(yielded, [stream.spanId, stream.spanId]);
  assert(spans.filter(({ name }) => name === "traceOf").length >= 1);
});

Deno.test("openTelemetry: counts what is queued and busy, crashes and durations", async () => {
  using _ = instrument(openTelemetry(api));
  await using pool = new WorkerPool({ maxWorkers: 1, name: "measured" });
  const calls = Array.from({ length: 5 }, () => pool.submit(traceOf, 1));
  const queued = await metric("strand.pool.queued", "measured") as number;
  const busy = await metric("strand.pool.busy", "measured") as number;
  assertEquals([queued + busy, busy <= 1], [5, true]);
  await Promise.all(calls);
  assertEquals(await metric("strand.pool.queued", "measured"), 0);
  assertEquals(await metric("strand.pool.busy", "measured"), 0);
  assertEquals(await metric("strand.pool.stuck", "measured"), 0);
  const { count } = await metric("strand.call.duration", "measured") as { count: number };
  assertEquals(count, 5);
  await Promise.allSettled([pool.submit(dies)]);
  assertEquals(await metric("strand.pool.crashes", "measured"), 1);
  await new Promise((resolve) => setTimeout(resolve, 1)); // for the exporter
});

Deno.test("openTelemetry: refuses what is not the API", () => {
  assertThrows(
    () => openTelemetry({} as never),
    TypeError,
    "Cannot observe the program: api must be @opentelemetry/api, received an object",
  );
  assertThrows(
    () => openTelemetry(api, { task: false } as never),
    TypeError,
    'unknown option "task"',
  );
});
