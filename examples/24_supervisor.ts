/**
 * Workers that crash now and then, and a supervisor that starts them again: at once the first time,
 * later and later after that, and no more when one crashes too often in a short time.
 *
 * Python: a loop around `multiprocessing.Process` that looks at `exitcode`, or supervisord.
 *
 * Run it: `deno run --allow-read=. examples/24_supervisor.ts`
 *
 * @module
 */
import { remote, run, SharedQueue, sleep, TaskGroup, Thread } from "@strand/strand";

/** The work of one thread: squares, until the queue ends. A 13 is more than it can bear. */
export const work = remote(
  import.meta,
  async function work(jobs: SharedQueue<number>, results: SharedQueue<number>): Promise<void> {
    for await (const n of jobs) {
      if (n === 13) throw new Error("13 is bad luck");
      await results.put(n * n);
    }
  },
);

/** How often a worker may crash within how many milliseconds. */
interface Patience {
  crashes: number;
  withinMs: number;
}

/** Keeps one worker alive until it has done its work. */
async function supervise(
  name: string,
  start: () => Thread<unknown>,
  { crashes, withinMs }: Patience,
): Promise<void> {
  const times: number[] = [];
  for (let attempt = 1;; attempt++) {
    const thread = start();
    try {
      await thread.result(); // cancelled while it waits here, the thread is ended below
      return;
    } catch (error) {
      if (thread.exitcode === null) throw error;
      const now = performance.now();
      times.push(now);
      while (times[0]! < now - withinMs) times.shift();
      console.log(`${name} crashed: ${(error as Error).message}`);
      if (times.length > crashes) throw new Error(`${name} crashes too often`, { cause: error });
      await sleep(10 * 2 ** (times.length - 1));
      console.log(`${name} is started again`);
    } finally {
      thread.terminate();
    }
  }
}

async function main(): Promise<void> {
  const jobs = new SharedQueue<number>();
  const results = new SharedQueue<number>();
  for (let n = 1; n <= 20; n++) jobs.putNowait(n);
  jobs.close();
  const start = () => {
    const thread = new Thread(work, { args: [jobs, results] });
    thread.start();
    return thread;
  };
  await TaskGroup.run((group) => {
    group.createTask(() => supervise("worker", start, { crashes: 3, withinMs: 60_000 }));
  });
  let sum = 0;
  while (results.qsize() > 0) sum += results.getNowait();
  console.log(`19 of 20 jobs are done, and sum up to ${sum}`);
}

if (import.meta.main) await run(main);
