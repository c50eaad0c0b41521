/**
 * Makes every kind of shared object known, so that it is recognised when it arrives: for the entry of
 * a worker, which may use none of the classes itself.
 *
 * @module
 */
import "./shared_array.ts";
import "./shared_barrier.ts";
import "./shared_condition.ts";
import "./shared_event.ts";
import "./shared_lock.ts";
import "./shared_queue.ts";
import "./shared_semaphore.ts";
import "./shared_value.ts";
