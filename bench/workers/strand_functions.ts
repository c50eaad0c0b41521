import { remote, type SharedLock, type SharedQueue, transfer } from "../../mod.ts";

/** Send a buffer back by moving it. */
export const bounce = remote(import.meta, function bounce(buffer: ArrayBuffer) {
  return transfer(buffer, [buffer]);
});

/** Add one to the first cell `times` times, each time under the lock. */
export const countUnderLock = remote(
  import.meta,
  function countUnderLock(lock: SharedLock, cells: Int32Array, times: number): void {
    for (let i = 0; i < times; i++) {
      using _held = lock.acquireSync();
      cells[0] = cells[0]! + 1;
    }
  },
);

/** Wait for `mine` and hand over `theirs`, `turns` times: with another the other way round. */
export const passOn = remote(
  import.meta,
  function passOn(mine: SharedLock, theirs: SharedLock, cells: Int32Array, turns: number): void {
    for (let i = 0; i < turns; i++) {
      mine.acquireSync();
      cells[0] = cells[0]! + 1;
      theirs.release();
    }
  },
);

/** Put the numbers below `count` into the queue. */
export const produce = remote(
  import.meta,
  function produce(queue: SharedQueue<number>, count: number): void {
    for (let i = 0; i < count; i++) queue.putSync(i);
  },
);

/** Take `count` numbers out of the queue; gives their sum. */
export const consume = remote(
  import.meta,
  function consume(queue: SharedQueue<number>, count: number): number {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += queue.getSync();
    return sum;
  },
);
