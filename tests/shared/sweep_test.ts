/**
 * Every slot at which a cancellation can meet a wait of the shared objects, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import {
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
} from "../../mod.ts";
import type { Shareable } from "../../lib/wire/shareable.ts";
import { sweepLocking } from "../contracts/sweep_locking.ts";
import { sweepQueueing } from "../contracts/sweep_queueing.ts";
import { sweepBarrier, sweepCondition, sweepEvent } from "../contracts/sweep_meeting.ts";
import { arrived, shared } from "./shared.ts";

/** Known to this thread alone, known to others, and come from another. */
const WAYS: [string, <S extends Shareable>(object: S) => S][] = [
  ["", (object) => object],
  [" that others know", shared],
  [" that has arrived", arrived],
];

for (const [how, pass] of WAYS) {
  sweepLocking(`SharedLock${how}`, () => pass(new SharedLock()), 1);
  sweepLocking(`SharedSemaphore of two${how}`, () => pass(new SharedSemaphore(2)), 2);
  sweepQueueing(
    `SharedQueue${how}`,
    (maxsize) => pass(new SharedQueue<number>({ maxsize })),
    { end: (queue) => (queue as SharedQueue<number>).close() },
  );

  sweepEvent(`SharedEvent${how}`, () => pass(new SharedEvent()));
  sweepCondition(`SharedCondition${how}`, () => pass(new SharedCondition()));
  sweepBarrier(`SharedBarrier${how}`, () => pass(new SharedBarrier(3)));
}
