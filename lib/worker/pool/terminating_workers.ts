import { now, startTimer, type Timer } from "../../base/clock.ts";
import { Future, futureInternals } from "../../core/future.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** For how many milliseconds a worker is waited for that was killed at something it may burn on in. */
const BUSY_MS = 250;

/**
 * For how long, if it is certain to go. It goes as soon as the machine lets it, which on one with much
 * to do may be a second for a thread that had only begun to boot.
 */
const CERTAIN_MS = 10_000;

/** Workers that were killed and are not gone yet: those that cannot be stopped stay here. */
export class TerminatingWorkers {
  /** Until when each is waited for. */
  readonly #workers = new Map<WorkerHandle, number>();
  #quiet: Future<void> | undefined;
  #timer: Timer | undefined;

  /** How many of them burn on, as far as is known: all that cannot be stopped, or that are overdue. */
  get stuck(): number {
    let stuck = 0;
    for (const [worker, until] of this.#workers) if (worker.mayBeStuck || until < now()) stuck++;
    return stuck;
  }

  /** One was killed. */
  add(worker: WorkerHandle): void {
    this.#workers.set(worker, now() + (worker.mayBeStuck ? BUSY_MS : CERTAIN_MS));
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
    return Math.max(-Infinity, ...this.#workers.values()) - now();
  }
}
