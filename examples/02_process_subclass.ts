/**
 * Five threads as a class of their own, which says in `run` what they do.
 *
 * Python: `class Worker(Process): def run(self): …`, `w.start()`, `w.join()`.
 *
 * Run it: `deno run --allow-read=. examples/02_process_subclass.ts`
 *
 * @module
 */
import { remote, run, Thread } from "@strand/strand";

/** Adds up squares. Its fields are copied into the thread, where `run` is called. */
export class Worker extends Thread<number> {
  readonly id: number;
  readonly limit: number;

  constructor(id: number, limit: number) {
    super(undefined, { name: `worker-${id}` });
    this.id = id;
    this.limit = limit;
  }

  override run(): number {
    let sum = 0;
    for (let i = 1; i <= this.limit; i++) sum += square(i);
    console.log(`worker ${this.id} at work`);
    return sum;
  }
}

function square(n: number): number {
  return n * n;
}

// Registered, so that `run` may use what is around it in this module.
remote(import.meta, Worker);

async function main(): Promise<void> {
  const workers = [0, 1, 2, 3, 4].map((id) => new Worker(id, 10 * id));
  for (const worker of workers) worker.start();
  for (const worker of workers) await worker.join();
  for (const worker of workers) {
    console.log(`${worker.name}: exit code ${worker.exitcode}, result ${await worker.result()}`);
  }
}

if (import.meta.main) await run(main);
