/**
 * What holds for everything that queues items, wherever a cancellation meets it.
 *
 * @module
 */
import { assertEquals, assertFalse } from "@std/assert";
import { createTask, QueueShutDown } from "../../mod.ts";
import { giveWay } from "../support/settled.ts";
import type { Queueing } from "./queueing.ts";
import { endedWell, sweepTest } from "./sweeping.ts";

/** What the sweeps use. */
export interface Sweepable extends Queueing {
  readonly maxsize: number;
}

/** What differs between the classes. */
export interface SweepOptions {
  /** End it: no more items, and the end for those who wait. Default: `shutdown()`. */
  end?: (queue: Sweepable) => void;
  /** Whether to cancel at every pair of places, too. Default `false`. */
  twice?: boolean;
}

async function checkQueue(queue: Sweepable) {
  assertEquals(queue.qsize(), 0);
  const got = createTask(() => queue.get());
  await giveWay();
  await queue.put(7);
  assertEquals(await got, 7);
  assertEquals(queue.qsize(), 0);
  const room = Math.min(queue.maxsize > 0 ? queue.maxsize : 3, 3);
  for (let i = 0; i < room; i++) queue.putNowait(i);
  while (queue.qsize() > 0) queue.getNowait();
}

/** Define the sweeps. `make` gives a new one, empty; `maxsize` 0 is for no limit. */
export function sweepQueueing(
  name: string,
  make: (maxsize: number) => Sweepable,
  options: SweepOptions = {},
): void {
  const { end = (queue) => (queue as Sweepable & { shutdown(): void }).shutdown(), twice = false } =
    options;
  for (const maxsize of [0, 1, 2]) {
    for (const role of ["producer", "consumer"] as const) {
      for (const place of [0, 1, 2]) {
        sweepTest(`${name} of ${maxsize}, the ${role} at place ${place} of three`, () => {
          const queue = make(maxsize);
          const put: number[] = [], got: number[] = [];
          const producers = [0, 1, 2].map((p) =>
            createTask(async () => {
              for (let i = 0; i < 2; i++) {
                const item = p * 10 + i;
                await queue.put(item);
                put.push(item);
                if (i === 0) await giveWay();
              }
            })
          );
          const consumers = [0, 1, 2].map(() =>
            createTask(async () => {
              try {
                for (;;) {
                  got.push(await queue.get());
                  await giveWay();
                }
              } catch (error) {
                if (!(error instanceof QueueShutDown)) throw error;
              }
            })
          );
          const closer = createTask(async () => {
            await Promise.allSettled(producers);
            end(queue);
          });
          return {
            victim: { producer: producers, consumer: consumers }[role][place]!,
            others: [...producers, ...consumers, closer],
            check() {
              endedWell([...producers, ...consumers, closer]);
              assertEquals(got.toSorted(), put.toSorted(), "items were lost or made");
              assertEquals(queue.qsize(), 0);
            },
          };
        }, twice && maxsize === 1);
      }
    }
  }

  sweepTest(`${name}, a getter among thieves`, () => {
    const queue = make(0);
    const got: number[] = [];
    const getters = [0, 1, 2].map(() =>
      createTask(async () => {
        got.push(await queue.get());
      })
    );
    let stolen = 0;
    const thief = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        await giveWay();
        queue.putNowait(i);
        queue.putNowait(i);
        queue.getNowait();
        if (queue.qsize() > 0 && i < 2) {
          queue.getNowait();
          stolen++;
        }
        stolen++;
      }
      for (let i = 0; i < 3; i++) {
        await giveWay();
        queue.putNowait(10 + i);
      }
    });
    return {
      victim: getters[1]!,
      others: [...getters, thief],
      async check() {
        endedWell([...getters, thief]);
        assertEquals(getters[0]!.cancelled() || getters[2]!.cancelled(), false);
        assertEquals(got.length + stolen + queue.qsize(), 9);
        while (queue.qsize() > 0) queue.getNowait();
        await checkQueue(queue);
      },
    };
  });

  sweepTest(`${name}, the one who joins`, () => {
    const queue = make(0);
    for (let i = 0; i < 3; i++) queue.putNowait(i);
    const joins = [0, 1, 2].map(() => createTask(() => queue.join()));
    const worker = createTask(async () => {
      for (let i = 0; i < 3; i++) {
        await queue.get();
        await giveWay();
        queue.taskDone();
      }
    });
    return {
      victim: joins[1]!,
      others: [...joins, worker],
      async check() {
        endedWell([...joins, worker]);
        assertFalse(joins[0]!.cancelled() || joins[2]!.cancelled());
        await checkQueue(queue);
      },
    };
  });
}
