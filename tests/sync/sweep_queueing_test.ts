/**
 * Every place at which a cancellation can meet a wait of the sync layer, tried in turn: permits,
 * items and waiters are conserved, and the next user gets through.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { createTask, LifoQueue, PriorityQueue, Queue, QueueShutDown } from "../../mod.ts";
import { giveWay } from "../support/settled.ts";
import { endedWell, sweepTest } from "./_sweeping.ts";

const QUEUES: Record<string, (maxsize: number) => Queue<number>> = {
  Queue: (maxsize) => new Queue(maxsize),
  LifoQueue: (maxsize) => new LifoQueue(maxsize),
  PriorityQueue: (maxsize) => new PriorityQueue(maxsize),
};

async function checkQueue(queue: Queue<number>) {
  assert(queue.empty());
  const got = createTask(() => queue.get());
  await giveWay();
  await queue.put(7);
  assertEquals(await got, 7);
  assert(queue.empty());
  for (let i = 0; !queue.full() && i < 3; i++) queue.putNowait(i);
  while (!queue.empty()) queue.getNowait();
}

for (const [name, make] of Object.entries(QUEUES)) {
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
            queue.shutdown();
          });
          return {
            victim: { producer: producers, consumer: consumers }[role][place]!,
            others: [...producers, ...consumers, closer],
            check() {
              endedWell([...producers, ...consumers, closer]);
              assertEquals(got.toSorted(), put.toSorted(), "items were lost or made");
              assert(queue.empty());
            },
          };
        }, name === "Queue" && maxsize === 1);
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
        if (!queue.empty() && i < 2) {
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
        while (!queue.empty()) queue.getNowait();
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

sweepTest("Queue, one who iterates", () => {
  const queue = new Queue<number>(1);
  const got: number[] = [];
  let put = 0;
  const victim = createTask(async () => {
    for await (const item of queue) got.push(item);
  });
  const producer = createTask(async () => {
    try {
      for (; put < 4; put++) await queue.put(put);
    } catch (error) {
      assert(error instanceof QueueShutDown);
    }
    queue.shutdown();
  });
  const helper = createTask(async () => {
    await Promise.allSettled([victim]);
    queue.shutdown();
  });
  return {
    victim,
    others: [producer, helper],
    check() {
      endedWell([victim, producer, helper]);
      while (!queue.empty()) got.push(queue.getNowait());
      // What was iterated and what is left is what was put, but for the item in the very hands of
      // the iteration when its task was cancelled.
      const missing = Array.from({ length: put }, (_, i) => i).filter((i) => !got.includes(i));
      assertEquals(missing, []);
    },
  };
});
