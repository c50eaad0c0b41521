import type { CancelledError, WorkerCrashedError } from "../../errors.ts";
import { LinkedEntry } from "../../base/linked_list.ts";
import type { Described } from "../../wire/function_codec.ts";
import type { ChunkDoneMessage } from "../protocol.ts";
import type { Pool } from "./pool.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** Something for a worker to do, on the pool's side: it waits in the queue or is with a worker. */
export abstract class PoolJob extends LinkedEntry {
  readonly pool: Pool;
  readonly fn: Described;
  readonly priority: number;
  /** Which came first, among jobs of the same priority. */
  readonly order: number;
  /** How many may be with one worker when this is one of them; 1 if it wants it for itself. */
  company = 1;
  /** The worker that has it. */
  worker: WorkerHandle | undefined = undefined;
  /** What that worker knows it by. */
  call = -1;
  /** Whether sending it took things away from the caller, so that it cannot be sent again. */
  moved = false;
  /** How many workers died when it was next, and none of them had begun it. */
  deaths = 0;
  /** Whether its caller has an answer already. */
  answered = false;

  constructor(pool: Pool, fn: Described, priority: number) {
    super();
    this.pool = pool;
    this.fn = fn;
    this.priority = priority;
    this.order = pool.nextOrder();
  }

  /** Send it to the worker that it was given to. Throws if it cannot be cloned. */
  abstract post(worker: WorkerHandle): void;
  /** How many tasks it counts for. */
  get tasks(): number {
    return 1;
  }

  /** It ended well. */
  abstract onDone(value: unknown): void;
  /** It failed in the worker, or as it asked itself was cancelled there. */
  abstract onFailed(error: unknown, cancelled: boolean): void;
  /** It cannot be done: it could not be sent, its worker died, or the pool broke. */
  abstract onLost(error: unknown): void;
  /** It is called off by the pool. */
  abstract onCancelled(error: CancelledError): void;
  /** It was sent. */
  onSent(): void {}
  /** It yielded a value. */
  onYielded(_value: unknown): void {}
  /** It was a chunk, and is over. */
  onChunkDone(_results: unknown[], _message: ChunkDoneMessage): void {}
  /** Its worker died. */
  onCrashed(error: WorkerCrashedError): void {
    this.onLost(error);
  }
}
