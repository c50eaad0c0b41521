/**
 * Draws a trace that `chromeTrace` wrote: a track for each thread and each task, waits pale, and arrows
 * from where a call was submitted to where it ran and to where its result came.
 *
 * Usage: deno run -A tools/trace_picture.ts trace.json docs/guide/trace.png
 *
 * A browser renders it: Chromium, without a window.
 *
 * @module
 */
import { findChromium } from "../tests/runtimes/toolbox.ts";

interface TraceEvent {
  ph: string;
  name: string;
  cat?: string;
  id?: number;
  tid: number;
  ts: number;
  args?: { name?: string };
}

interface Slice {
  name: string;
  cat: string;
  track: string;
  from: number;
  to: number;
}

const WIDTH = 1_200;
const LABEL = 130;
const ROW = 22;
const TOP = 28;

const COLOURS: Record<string, string> = {
  step: "#4c78a8",
  call: "#f58518",
  task: "#b7cbe2",
  wait: "#eceff3",
  group: "#d4e6c3",
  timeout: "#e6d9c3",
};

const [input = "trace.json", output = "trace.png"] = Deno.args;
const events: TraceEvent[] = JSON.parse(await Deno.readTextFile(input));

const threads = new Map<number, string>();
const open = new Map<string, { event: TraceEvent; track: string }[]>();
const slices: Slice[] = [];
const flows = new Map<number, { tid: number; ts: number }[]>();
for (const event of events) {
  const { ph, tid, ts, id, name } = event;
  if (ph === "M" && name === "thread_name") threads.set(tid, event.args!.name!);
  else if ("BbEe".includes(ph)) {
    const track = ph === "B" || ph === "E" ? `thread ${tid}` : `task ${id}`;
    const stack = open.get(track) ?? [];
    open.set(track, stack);
    if (ph === "B" || ph === "b") stack.push({ event, track });
    else {
      const { event: begin } = stack.pop()!;
      slices.push({ name: begin.name, cat: begin.cat ?? "step", track, from: begin.ts, to: ts });
    }
  } else if ("stf".includes(ph)) flows.set(id!, [...flows.get(id!) ?? [], { tid, ts }]);
}

const begin = Math.min(...slices.map(({ from }) => from));
const end = Math.max(...slices.map(({ to }) => to));
const x = (ts: number) => LABEL + ((ts - begin) / (end - begin)) * (WIDTH - LABEL - 10);

const tracks = [
  ...[...threads.keys()].map((tid) => `thread ${tid}`),
  ...new Set(slices.map(({ track }) => track).filter((track) => track.startsWith("task"))),
].sort((a, b) => {
  const [one, other] = [a, b].map((track) => Number(track.split(" ")[1]));
  return Number(a.startsWith("task")) - Number(b.startsWith("task")) || one! - other!;
});
const y = (track: string) => TOP + tracks.indexOf(track) * ROW;

const escape = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const labelOf = (track: string) => {
  const first = slices.find((one) => one.track === track && one.cat !== "wait");
  const tid = Number(track.split(" ")[1]);
  const outermost =
    slices.filter((one) => one.track === track).toSorted((a, b) => a.from - b.from)[0];
  return track.startsWith("thread") ? threads.get(tid)! : outermost?.name ?? first!.name;
};

function drawSlice({ name, cat, track, from, to }: Slice): string {
  const width = Math.max(x(to) - x(from), 0.7);
  const inset = cat === "wait" ? 4 : 1;
  const box =
    `<rect x="${x(from).toFixed(1)}" y="${y(track) + inset}" width="${width.toFixed(1)}" ` +
    `height="${ROW - 2 * inset - 2}" fill="${COLOURS[cat] ?? "#ccc"}" rx="2"` +
    (cat === "call" ? ` stroke="#fff"/>` : "/>");
  const fits = width > name.length * 5.6 + 6 && cat !== "task" && cat !== "group";
  const ink = cat === "step" || cat === "call" ? "#fff" : "#667";
  return box +
    (fits
      ? `<text x="${(x(from) + 4).toFixed(1)}" y="${y(track) + 14}" fill="${ink}">${
        escape(name)
      }</text>`
      : "");
}

function drawFlow(points: { tid: number; ts: number }[]): string {
  const middle = ROW / 2;
  return points.slice(1).map((to, i) => {
    const from = points[i]!;
    const [x1, y1] = [x(from.ts), y(`thread ${from.tid}`) + middle];
    const [x2, y2] = [x(to.ts), y(`thread ${to.tid}`) + middle];
    return `<path d="M${x1} ${y1} C${x1 + 12} ${y1} ${x2 - 12} ${y2} ${x2} ${y2}" fill="none" ` +
      `stroke="#b3263a" stroke-width="0.8" marker-end="url(#tip)"/>`;
  }).join("");
}

const height = TOP + tracks.length * ROW + 6;
const every = 10 ** Math.floor(Math.log10((end - begin) / 1_000 / 2)) * 1_000;
const ticks: string[] = [];
for (let at = begin; at <= end; at += every) {
  ticks.push(
    `<line x1="${x(at)}" x2="${x(at)}" y1="${TOP - 8}" y2="${height}" stroke="#e3e6ea"/>` +
      `<text x="${x(at) + 3}" y="${TOP - 10}" fill="#889">${(at - begin) / 1_000} ms</text>`,
  );
}
const order = ["task", "group", "timeout", "wait", "step", "call"];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}"
  font-family="DejaVu Sans, sans-serif" font-size="10">
  <defs><marker id="tip" markerWidth="6" markerHeight="6" refX="5" refY="3" orient="auto">
    <path d="M0 0 L6 3 L0 6 z" fill="#b3263a"/></marker></defs>
  <rect width="100%" height="100%" fill="#fff"/>
  ${ticks.join("\n")}
  ${
  tracks.map((track) =>
    `<text x="6" y="${y(track) + 14}" fill="#334">${escape(labelOf(track))}</text>`
  ).join("\n")
}
  ${
  slices.toSorted((a, b) => order.indexOf(a.cat) - order.indexOf(b.cat)).map(drawSlice).join("\n")
}
  ${[...flows.values()].map(drawFlow).join("\n")}
</svg>`;

const folder = await Deno.makeTempDir();
try {
  const page = `${folder}/trace.html`;
  await Deno.writeTextFile(page, `<!doctype html><style>body{margin:0}</style>${svg}`);
  const { success, stderr } = await new Deno.Command(await findChromium(), {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--hide-scrollbars",
      `--window-size=${WIDTH},${height}`,
      `--screenshot=${folder}/trace.png`,
      `--user-data-dir=${folder}/profile`,
      page,
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await Deno.copyFile(`${folder}/trace.png`, output);
} finally {
  await Deno.remove(folder, { recursive: true }).catch(() => {});
}
