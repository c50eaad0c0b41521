import { unrefTimer } from "../../base/runtime.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/**
 * Ends workers that have had nothing to do for a while; it does not hold the program alive.
 *
 * One timer serves all: those that are idle when it starts and were so throughout are ended.
 */
export class IdleClock {
  readonly #ms: number;
  readonly #least: number;
  readonly #end: (worker: WorkerHandle) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `end` is called for what is idle too long, as long as more than `least` workers are left. */
  constructor(ms: number, least: number, end: (worker: WorkerHandle) => void) {
    this.#ms = ms;
    this.#least = least;
    this.#end = end;
  }

  /** Watch the workers, if one of them is idle and they are not watched already. */
  watch(workers: ReadonlySet<WorkerHandle>): void {
    if (this.#timer !== undefined || workers.size <= this.#least) return;
    let idle = false;
    for (const worker of workers) {
      worker.idle = worker.load === 0 && worker.state === "ready";
      idle ||= worker.idle;
    }
    if (!idle) return;
    const timer = setTimeout(() => {
      this.#timer = undefined;
      for (const worker of [...workers]) {
        if (worker.idle && workers.size > this.#least) this.#end(worker);
      }
      this.watch(workers);
    }, this.#ms);
    this.#timer = timer;
    unrefTimer(timer);
  }

  /** Watch no more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
