import { init } from "../peers/echarts.ts";
import type { Curve } from "./growth.ts";
import type { Measured } from "./ratio.ts";
import { count, duration } from "./units.ts";

const WIDTH = 920;
const FONT = "system-ui, sans-serif";
const COLOURS = [
  "#0b6e4f",
  "#8a8f98",
  "#e07a1f",
  "#3d6cb9",
  "#b23a48",
  "#7a4fa3",
  "#c9a227",
  "#4f8a8b",
];

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
  const names = [...new Set(measured.flatMap(({ costs }) => costs.map(({ name }) => name)))];
  const bars = measured.reduce((sum, { costs }) => sum + costs.length, 0);
  return render(110 + bars * 24 + measured.length * 24, {
    title: { text: title, left: 12, top: 8 },
    legend: { top: 36, left: 12, itemWidth: 14 },
    grid: { left: 250, right: 90, top: 84, bottom: 44 },
    xAxis: {
      type: "log",
      name: "for one operation, log scale",
      nameLocation: "middle",
      nameGap: 28,
      min: lowest(measured.flatMap(({ costs }) => costs.map(({ ns }) => ns))),
      axisLabel: { formatter: duration },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: measured.map(({ operation }) => operation),
      axisLabel: { width: 230, overflow: "break" },
    },
    series: names.map((name) => ({
      type: "bar" as const,
      name,
      barMaxWidth: 18,
      label: { show: true, position: "right" as const, formatter: label },
      data: measured.map(({ costs }) => costs.find((one) => one.name === name)?.ns ?? null),
    })),
  });
}

/** A bar on a log scale starts at a power of ten below the smallest of them. */
function lowest(values: number[]): number {
  return 10 ** (Math.floor(Math.log10(Math.min(...values))) - 1);
}

function label({ value }: { value: unknown }): string {
  return typeof value === "number" ? duration(value) : "";
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
    legend: { top: 36, left: 12 },
    grid: { left: 90, right: 40, top: 96, bottom: 50 },
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
