/**
 * A queue of jobs with priorities that is held up, resized and drained while it works, and that
 * refuses what it could not do in time anyway.
 *
 * Python: `asyncio.PriorityQueue` with a changing number of consumers; `p-queue` in JavaScript.
 *
 * Run it: `deno run examples/26_job_queue.ts`
 *
 * @module
 */
import { Event, QueueFull, run, TaskPool } from "@strand/strand";

/** What the jobs do, in order. */
const log: string[] = [];

async function job(name: string, gate?: Event): Promise<string> {
  log.push(name);
  await gate?.wait();
  return `${name} is done`;
}

async function main(): Promise<void> {
  await using jobs = new TaskPool({ maxWorkers: 1, maxQueue: 4, name: "jobs" });

  // Nothing begins while it is paused, so the order of arrival does not matter.
  jobs.pause();
  const report = jobs.apply(job, ["report"], { priority: 1 });
  const mail = jobs.apply(job, ["mail"], { priority: 5 });
  const alarm = jobs.apply(job, ["alarm"], { priority: 10 });
  const cleanup = jobs.apply(job, ["cleanup"]);
  console.log(`paused: ${jobs.stats.queued} jobs wait`);

  // One more than may wait is refused at once, instead of making everybody wait longer.
  try {
    await jobs.submit(job, "one too many");
  } catch (error) {
    if (!(error instanceof QueueFull)) throw error;
    console.log("refused: the queue is full");
  }

  // A job that waits can be taken back; one that runs is asked to stop.
  cleanup.cancel();
  jobs.resume();
  await jobs.idle();
  console.log(`done by priority: ${log.splice(0).join(", ")}`);
  console.log([alarm, mail, report].map((future) => future.result()).join("; "));
  console.log(`cleanup was cancelled: ${cleanup.cancelled()}`);

  // Resized while it works: three more begin at once, and none is stopped when it shrinks.
  const gate = new Event();
  const long = ["a", "b", "c", "d"].map((name) => jobs.submit(job, name, gate));
  while (jobs.stats.busy < 1) await Promise.resolve();
  jobs.maxWorkers = 3;
  console.log(`resized to 3: ${jobs.stats.busy} run, ${jobs.stats.queued} wait`);
  jobs.maxWorkers = 1;
  console.log(`back to 1: ${jobs.stats.busy} still run`);
  gate.set();
  for (const future of long) await future;
  console.log(`in all: ${jobs.stats.completed} completed, ${jobs.stats.cancelled} cancelled`);
}

if (import.meta.main) await run(main);
