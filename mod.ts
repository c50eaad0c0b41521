/**
 * What Python programmers have and TypeScript had not: asyncio with real structured concurrency and
 * real cancellation, and multiprocessing and concurrent.futures on workers and processes.
 *
 * ```ts
 * import { run, sleep, TaskGroup, timeout, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * await run(async () => {
 *   // Children end before the group does; a failure stops the others.
 *   await TaskGroup.run((group) => {
 *     group.createTask(() => sleep(1));
 *     group.createTask(() => sleep(2));
 *   });
 *   // Every wait can be cancelled, without passing signals around.
 *   await timeout(5_000, () => sleep(1));
 *   // Work for other cores.
 *   await using pool = new WorkerPool(2);
 *   assertEquals(await pool.map((n: number) => n * n, [1, 2, 3]), [1, 4, 9]);
 * });
 * ```
 *
 * Durations are milliseconds, names are Python's in camelCase.
 *
 * @module
 */

export {
  BrokenBarrierError,
  BrokenWorkerPoolError,
  CancelledError,
  InvalidStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  TimeoutError,
  WorkerCrashedError,
} from "./lib/errors.ts";
export { type Signal } from "./lib/base/runtime.ts";

// The core: what runs and how it stops.
export { Future } from "./lib/core/future.ts";
export { type Awaitable, type Coroutine, Task, type TaskOptions } from "./lib/core/task.ts";
export {
  type CallInfo,
  type Instrument,
  type Outcome,
  type TaskInfo,
  type WaitInfo,
  type WorkerInfo,
} from "./lib/core/instrument.ts";
export { type ErrorClass, type ErrorMatch, ExceptionGroup } from "./lib/core/exception_group.ts";

// Verbs over tasks.
export { type FutureOf, type ResultOf } from "./lib/task/awaitable.ts";
export { createTask } from "./lib/task/create_task.ts";
export { currentTask } from "./lib/task/current_task.ts";
export { allTasks } from "./lib/task/all_tasks.ts";
export { ensureFuture } from "./lib/task/ensure_future.ts";
export { run, type RunOptions } from "./lib/task/run.ts";
export { sleep } from "./lib/task/sleep.ts";
export { shield } from "./lib/task/shield.ts";
export { TaskGroup, type TaskGroupBody } from "./lib/task/task_group.ts";
export type { TaskGroupOptions, TaskGroupRunOptions } from "./lib/task/task_group_options.ts";
export {
  Timeout,
  timeout,
  timeoutAt,
  type TimeoutBody,
  type TimeoutOptions,
} from "./lib/task/timeout.ts";
export { moveOnAfter } from "./lib/task/move_on_after.ts";
export { race } from "./lib/task/race.ts";
export { cancellable } from "./lib/task/cancellable.ts";
export { currentSignal } from "./lib/task/current_signal.ts";
export { waitFor } from "./lib/task/wait_for.ts";
export { gather, type Gathered, type GatherOptions } from "./lib/task/gather.ts";
export { type ReturnWhen, wait, type WaitOptions, type WaitResult } from "./lib/task/wait.ts";
export { asCompleted, type AsCompletedOptions } from "./lib/task/as_completed.ts";
export { instrument } from "./lib/task/instrument.ts";
export { taskTree } from "./lib/task/task_tree.ts";
export { formatTaskTree } from "./lib/task/format_task_tree.ts";
export { printTaskTree } from "./lib/task/print_task_tree.ts";
export { cancelRequested } from "./lib/task/cancel_requested.ts";

// Where tasks meet on one thread.
export { Lock } from "./lib/sync/lock.ts";
export { Semaphore } from "./lib/sync/semaphore.ts";
export { BoundedSemaphore } from "./lib/sync/bounded_semaphore.ts";
export { CapacityLimiter } from "./lib/sync/capacity_limiter.ts";
export { RateLimiter } from "./lib/sync/rate_limiter.ts";
export { Event } from "./lib/sync/event.ts";
export { Condition } from "./lib/sync/condition.ts";
export { Barrier } from "./lib/sync/barrier.ts";
export { Queue, type QueueShutdownOptions } from "./lib/sync/queue.ts";
export { LifoQueue } from "./lib/sync/lifo_queue.ts";
export { PriorityQueue } from "./lib/sync/priority_queue.ts";

// What crosses to a worker, and in which way.
export { type Registrable, remote } from "./lib/wire/remote.ts";
export { transfer } from "./lib/wire/transfer.ts";
export { type Shareable } from "./lib/wire/shareable.ts";
export { pipe } from "./lib/wire/pipe.ts";
export { Connection } from "./lib/wire/connection.ts";

// Executors: work under a limit.
export {
  type CallOptions,
  type Executor,
  type MapOptions,
  type MapResult,
  type PoolStats,
  type ShutdownOptions,
} from "./lib/executor/executor.ts";
export { TaskPool } from "./lib/executor/task_pool.ts";
export { type TaskPoolOptions } from "./lib/executor/task_pool_options.ts";

// Where threads meet: shared memory.
export { type SharedOptions } from "./lib/shared/shared_block.ts";
export { SharedLock, type SharedPermit } from "./lib/shared/shared_lock.ts";
export { SharedSemaphore } from "./lib/shared/shared_semaphore.ts";
export { SharedEvent } from "./lib/shared/shared_event.ts";
export { SharedCondition } from "./lib/shared/shared_condition.ts";
export { SharedBarrier } from "./lib/shared/shared_barrier.ts";
export { SharedQueue, type SharedQueueOptions } from "./lib/shared/shared_queue.ts";
export {
  type SharedElement,
  type SharedNumberType,
  type SharedType,
  type SharedTypedArray,
} from "./lib/shared/shared_type.ts";
export { SharedValue } from "./lib/shared/shared_value.ts";
export { SharedArray } from "./lib/shared/shared_array.ts";

// Work that leaves this thread.
export { type Remote } from "./lib/worker/make_remote.ts";
export { WorkerPool, type WorkerPoolOptions } from "./lib/worker/worker_pool.ts";
export { ProcessPool, type ProcessPoolOptions } from "./lib/worker/process_pool.ts";
export { toThread } from "./lib/worker/to_thread.ts";
export { Thread, type ThreadOptions } from "./lib/worker/thread.ts";
export { type CommonPoolOptions } from "./lib/worker/pool/options.ts";
export { type WorkerExit } from "./lib/worker/pool/options.ts";
export { type ResourceLimits } from "./lib/worker/hosts/resource_limits.ts";
export { type WorkerPermissions } from "./lib/worker/permissions/worker_permissions.ts";
