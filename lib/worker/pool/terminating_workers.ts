import { now, startTimer, type Timer } from "../../base/clock.ts";
import { Future, futureInternals } from "../../core/future.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** How long to wait for a killed worker to be gone; after that it counts as one that cannot be. */
const DEATH_MS = 250;

/** Workers that were killed and are not gone yet: those that cannot be stopped stay here. */
export class TerminatingWorkers {
  readonly #workers = new Set<WorkerHandle>();
  #quiet: Future<void> | undefined;
  #timer: Timer | undefined;

  /** How many there are. */
  get size(): number {
    return this.#workers.size;
  }

  /** One was killed. */
  add(worker: WorkerHandle): void {
    this.#workers.add(worker);
  }

  /** It is gone. */
  remove(worker: WorkerHandle): void {
    if (this.#workers.delete(worker)) this.#look();
  }

  /** Wait until all are gone, or have had time enough to go. */
  async whenQuiet(): Promise<void> {
    if (this.#left() <= 0) return;
    const quiet = this.#quiet ??= new Future();
    this.#look();
    // Others wait for the same: none of them may cancel it.
    await new Promise<void>((resolve) => futureInternals.subscribeQuietly(quiet, { run: resolve }));
  }

  #look(): void {
    this.#timer?.stop();
    this.#timer = undefined;
    if (this.#quiet === undefined) return;
    const left = this.#left();
    if (left > 0) this.#timer = startTimer(left, () => this.#look());
    else {
      futureInternals.resolve(this.#quiet, undefined);
      this.#quiet = undefined;
    }
  }

  #left(): number {
    let last = -Infinity;
    for (const worker of this.#workers) last = Math.max(last, worker.killed);
    return last + DEATH_MS - now();
  }
}
