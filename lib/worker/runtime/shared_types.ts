/**
 * Every class of which instances can arrive in a worker: they are known there once this is loaded,
 * which is when the first of them comes, as most calls need none.
 *
 * @module
 */
export { SharedArray } from "../../shared/shared_array.ts";
export { SharedBarrier } from "../../shared/shared_barrier.ts";
export { SharedCondition } from "../../shared/shared_condition.ts";
export { SharedEvent } from "../../shared/shared_event.ts";
export { SharedLock } from "../../shared/shared_lock.ts";
export { SharedQueue } from "../../shared/shared_queue.ts";
export { SharedSemaphore } from "../../shared/shared_semaphore.ts";
export { SharedValue } from "../../shared/shared_value.ts";
export { Connection } from "../../wire/connection.ts";
export { join } from "../../wire/resource_sharer.ts";
