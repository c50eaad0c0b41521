import { assertEquals } from "@std/assert";
import { programs } from "../../site/playground/programs.ts";
import { record } from "../../site/playground/record.ts";
import { describe, Timeline } from "../../site/playground/timeline.ts";
import { turn, VirtualTime } from "../support/virtual_time.ts";

/** Time in which a loop that looks at the clock again and again sees it go on. */
class BusyTime extends VirtualTime {
  #looks = 0;

  constructor() {
    super();
    Object.defineProperty(performance, "now", { value: () => this.#look(), configurable: true });
  }

  override step(until?: number): boolean {
    this.#looks = 0;
    return super.step(until);
  }

  #look(): number {
    if (++this.#looks % 1_000 === 0) this.now += 50;
    return this.now;
  }
}

/** Run a program of the playground in virtual time; its rows in words, and what it printed. */
async function perform(name: string): Promise<{ rows: string[]; error: unknown }> {
  const { default: main } = await programs[name]!();
  const { log } = console;
  console.log = () => {};
  using time = new BusyTime();
  try {
    const timeline = new Timeline();
    let ended = false;
    const ending = record(main, (event) => timeline.add(event)).finally(() => ended = true);
    for (await turn(); !ended; await turn()) time.step();
    return { rows: timeline.rows.map(describe), error: await ending };
  } finally {
    console.log = log;
  }
}

const wanted: Record<string, string[]> = {
  group: [
    "main: waiting in TaskGroup for 1400 ms, failed",
    "soup: waiting in sleep for 1100 ms, stopping in sleep for 300 ms, cancelled",
    "bread: waiting in sleep for 1100 ms, stopping in sleep for 300 ms, cancelled",
    "roast: waiting in sleep for 800 ms, waiting in sleep for 300 ms, failed",
  ],
  timeout: [
    "main: waiting in gather for 1400 ms, done",
    "quick: waiting in sleep for 600 ms, done",
    "slow: waiting in sleep for 1000 ms, stopping in sleep for 400 ms, failed",
    "does without: waiting in sleep for 1000 ms, stopping in sleep for 400 ms, done",
  ],
  semaphore: [
    "main: waiting in TaskGroup for 1800 ms, done",
    "Ada: waiting in sleep for 600 ms, done",
    "Alan: waiting in sleep for 600 ms, done",
    "Edsger: waiting in Semaphore for 600 ms, waiting in sleep for 600 ms, done",
    "Grace: waiting in Semaphore for 600 ms, waiting in sleep for 600 ms, done",
    "Tony: waiting in Semaphore for 1200 ms, waiting in sleep for 600 ms, done",
  ],
  race: [
    "main: waiting in wait for 1000 ms, waiting in wait for 200 ms, done",
    "Oslo: waiting in sleep for 1000 ms, stopping in sleep for 200 ms, cancelled",
    "Lima: waiting in sleep for 800 ms, waiting in sleep for 200 ms, done",
    "Kyoto: waiting in sleep for 1000 ms, stopping in sleep for 200 ms, cancelled",
  ],
  gather: [
    "main: waiting in gather for 1400 ms, done",
    "north: waiting in sleep for 300 ms, working for 300 ms, waiting in sleep for 600 ms, done",
    "south: waiting in sleep for 600 ms, working for 300 ms, waiting in sleep for 300 ms, done",
    "west: waiting in sleep for 900 ms, working for 300 ms, waiting in sleep for 200 ms, done",
  ],
};

for (const [name, rows] of Object.entries(wanted)) {
  Deno.test(`playground: ${name} has the bars that it is to show`, async () => {
    const { rows: drawn, error } = await perform(name);
    assertEquals(drawn, rows);
    assertEquals(error !== undefined, name === "group");
  });
}

Deno.test("playground: queue holds up its producer, and keeps its workers at work", async () => {
  const { rows: [main, producer, ...workers], error } = await perform("queue");
  assertEquals(error, undefined);
  assertEquals(main, "main: waiting in TaskGroup for 1800 ms, done");
  assertEquals(
    producer,
    `producer:${" waiting in sleep for 100 ms,".repeat(9)} waiting in Queue.put for 200 ms, done`,
  );
  const sleeps = " waiting in sleep for 500 ms,".repeat(3);
  assertEquals(
    workers,
    [1, 2, 3].map((n) => `worker ${n}: waiting in Queue.get for ${n}00 ms,${sleeps} done`),
  );
});
