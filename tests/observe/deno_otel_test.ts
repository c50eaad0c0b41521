import { assert, assertEquals } from "@std/assert";
import { runToEnd } from "../support/running_process.ts";

const PROGRAM = new URL("fixtures/deno_otel_program.ts", import.meta.url).href;

interface OtlpSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
}

interface Received {
  resourceSpans?: { scopeSpans: { spans: OtlpSpan[] }[] }[];
  resourceMetrics?: { scopeMetrics: { metrics: { name: string }[] }[] }[];
}

Deno.test("openTelemetry: spans and metrics of Deno's own reach a collector", async () => {
  const spans: OtlpSpan[] = [];
  const metrics = new Set<string>();
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) => {
      const { resourceSpans = [], resourceMetrics = [] } = await request.json() as Received;
      for (const { scopeSpans } of resourceSpans) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      for (const { scopeMetrics } of resourceMetrics) {
        for (const scope of scopeMetrics) for (const { name } of scope.metrics) metrics.add(name);
      }
      return Response.json({});
    },
  );
  const { code, err } = await runToEnd(["run", "-A", "--no-check", PROGRAM], {
    env: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
    },
  });
  assertEquals([code, err], [0, ""]);
  const ofName = (name: string) => {
    const found = spans.filter((span) => span.name === name);
    assertEquals(found.length, 1, `${name}: ${JSON.stringify(spans)}`);
    return found[0]!;
  };
  const line = ["main", "outer", "work", "in the worker"].map(ofName);
  assertEquals(new Set(line.map(({ traceId }) => traceId)).size, 1);
  for (let i = 1; i < line.length; i++) assertEquals(line[i]!.parentSpanId, line[i - 1]!.spanId);
  for (const name of ["pool.queued", "pool.busy", "call.duration"]) {
    assert(metrics.has(`strand.${name}`), `${name} is not among ${[...metrics]}`);
  }
});
