import { echarts } from "../peers.ts";
import type { Curve } from "./growth.ts";
import type { Measured } from "./ratio.ts";
import { bytes, count, duration } from "./units.ts";

const { init } = await echarts();

const WIDTH = 920;
const FONT = "Arial, Helvetica, sans-serif";
const COLOURS = [
  "#0b6e4f",
  "#e07a1f",
  "#3d6cb9",
  "#b23a48",
  "#7a4fa3",
  "#c9a227",
  "#8a8f98",
];

/** Bars stand out by what they are: this library, a floor or a peer. */
const KINDS = { ours: "#0b6e4f", floor: "#8a8f98", peer: "#e0a458" } as const;

type Options = Parameters<ReturnType<typeof init>["setOption"]>[0];

function render(height: number, options: Options): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      color: COLOURS,
      textStyle: { fontFamily: FONT },
      ...options as object,
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** The costs of one subject side by side, as bars on a log scale. */
export function barChart(title: string, measured: Measured[]): string {
  const rows = measured.flatMap(({ operation, costs }) => [
    { head: operation },
    ...costs.map(({ name, kind, ns }) => ({ name, kind, ns })),
  ]);
  const show = measured.some(({ inBytes }) => inBytes) ? bytes : duration;
  return render(120 + rows.length * 22, {
    title: { text: title, subtext: "one operation, on a log scale", left: 12, top: 8 },
    grid: { left: 290, right: 80, top: 70, bottom: 40 },
    xAxis: {
      type: "log",
      min: lowest(measured.flatMap(({ costs }) => costs.map(({ ns }) => ns))),
      axisLabel: { formatter: show },
    },
    yAxis: {
      type: "category",
      inverse: true,
      axisTick: { show: false },
      data: rows.map((row) => "head" in row ? "" : row.name),
      axisLabel: { interval: 0 },
    },
    series: [{
      type: "bar" as const,
      barMaxWidth: 16,
      label: { show: true, position: "right" as const, formatter: labelled(show) },
      data: rows.map((row) => {
        return "head" in row ? null : { value: row.ns, itemStyle: { color: KINDS[row.kind] } };
      }),
      markPoint: {
        symbol: "rect",
        symbolSize: [0.1, 0.1],
        label: { align: "left" as const, color: "#333333", fontWeight: "bold" as const },
        data: rows.flatMap((row, at) => {
          if (!("head" in row)) return [];
          return [{ x: 296, yAxis: at, label: { formatter: row.head } }];
        }),
      },
    }],
  });
}

/** A bar on a log scale starts at a power of ten below the smallest of them. */
function lowest(values: number[]): number {
  return 10 ** (Math.floor(Math.log10(Math.min(...values))) - 1);
}

function labelled(show: (value: number) => string): (point: { value: unknown }) => string {
  return ({ value }) => typeof value === "number" ? show(value) : "";
}

/** How the cost of each one grows, on log scales. */
export function growthChart({ title, along, each, series }: Curve): string {
  return lineChart(
    `${title}: cost of one ${each}`,
    along,
    (ns) => duration(ns),
    series.map(({ name, points }) => ({ name, points: points.map(({ n, ns }) => [n, ns]) })),
  );
}

/** How the memory of the process grows, on log scales. */
export function memoryChart({ title, along, series }: Curve): string {
  return lineChart(
    `${title}: memory of the process`,
    along,
    (mb) => `${count(mb)} MB`,
    series.filter(({ points }) => points.some(({ rss }) => rss !== undefined)).map((one) => {
      return { name: one.name, points: one.points.map(({ n, rss }) => [n, rss!]) };
    }),
  );
}

function lineChart(
  title: string,
  along: string,
  unit: (value: number) => string,
  series: { name: string; points: number[][] }[],
): string {
  const last = Math.max(...series.flatMap(({ points }) => points.map(([n]) => n!)));
  return render(420, {
    title: { text: title, left: 12, top: 8 },
    legend: { top: 36, left: 12, itemGap: 24 },
    grid: { left: 90, right: 56, top: 96, bottom: 50 },
    xAxis: {
      type: last > 100 ? "log" : "value",
      ...last > 100 ? {} : { min: 1, interval: 1 },
      name: along,
      nameLocation: "middle",
      nameGap: 30,
      axisLabel: { formatter: count },
    },
    yAxis: { type: "log", axisLabel: { formatter: unit } },
    series: series.map(({ name, points }) => ({ type: "line" as const, name, data: points })),
  });
}
