/**
 * What holds for everything that queues items, in whatever order it gives them.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  allTasks,
  CancelledError,
  createTask,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  type Task,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** The verbs that the suite uses. */
export interface Queueing {
  put(item: number): Promise<void>;
  get(): Promise<number>;
  putNowait(item: number): void;
  getNowait(): number;
  taskDone(): void;
  join(): Promise<void>;
  qsize(): number;
  [Symbol.asyncIterator](): AsyncIterator<number>;
}

/** What differs between the classes. */
export interface QueueingOptions {
  /** In which order items put in the order given come out. Default: in that order. */
  order?: (items: number[]) => number[];
  /** End it: no more items, and the end for those who iterate. Default: `shutdown()`. */
  end?: (queue: Queueing) => void;
  /** Where one stands whose item or room somebody else took. Default `"last"`, as in CPython. */
  robbed?: "first" | "last";
  /** How many wait at once in the largest test. Default 100,000. */
  crowd?: number;
  /** Let all happen that can happen. Default: a few turns of the event loop. */
  settle?: () => Promise<void>;
}

/** Define the tests. `make` gives a new one, empty; `maxsize` 0 is for no limit. */
export function testQueueing(
  name: string,
  make: (maxsize: number) => Queueing,
  options: QueueingOptions = {},
): void {
  const {
    order = (items) => items,
    end = (queue) => (queue as Queueing & { shutdown(): void }).shutdown(),
    robbed = "last",
    crowd = 100_000,
    settle: rest = settle,
  } = options;
  const test = (what: string, fn: () => Promise<void>) => {
    Deno.test(`${name}: ${what}`, async () => {
      const before = allTasks().size;
      await fn();
      assertEquals(allTasks().size, before, "tasks are left behind");
    });
  };

  function drain(queue: Queueing): number[] {
    return Array.from({ length: queue.qsize() }, () => queue.getNowait());
  }

  /** Getters on an empty queue, in line one behind the other; each logs its name and its item. */
  async function getters(names: string) {
    const queue = make(0);
    const log: string[] = [];
    const waits: Task<void>[] = [];
    for (const name of names) {
      waits.push(createTask(async () => {
        log.push(`${name}${await queue.get()}`);
      }, { name }));
      await rest();
    }
    return { queue, log, waits };
  }

  /** A queue for one item that is full, with putters of 1, 2 … in line. */
  async function putters(count: number) {
    const queue = make(1);
    queue.putNowait(0);
    const waits: Task<void>[] = [];
    for (let item = 1; item <= count; item++) {
      waits.push(createTask(() => queue.put(item)));
      await rest();
    }
    return { queue, waits };
  }

  /** Take one item after the other, and let those who wait put theirs. */
  async function takeAll(queue: Queueing): Promise<number[]> {
    const items: number[] = [];
    while (queue.qsize() > 0) {
      items.push(queue.getNowait());
      await rest();
    }
    return items;
  }

  async function sound(queue: Queueing) {
    await rest();
    drain(queue);
    const got = createTask(() => queue.get());
    await rest();
    queue.putNowait(7);
    assertEquals(await got, 7, "the next user does not get through");
    assertEquals(queue.qsize(), 0);
  }

  test("gives items in its order", async () => {
    const queue = make(0);
    const items = [5, 3, 9, 1, 7];
    for (const item of items) await queue.put(item);
    assertEquals(queue.qsize(), 5);
    assertEquals(drain(queue), order(items));
    for (const item of items) queue.putNowait(item);
    const got: number[] = [];
    for (let i = 0; i < 5; i++) got.push(await queue.get());
    assertEquals(got, order(items));
    await sound(queue);
  });

  test("refuses at once what would have to wait", async () => {
    const queue = make(2);
    assertThrows(() => queue.getNowait(), QueueEmpty);
    queue.putNowait(1);
    queue.putNowait(2);
    assertThrows(() => queue.putNowait(3), QueueFull);
    assertEquals(drain(queue).sort(), [1, 2]);
    await sound(queue);
  });

  test("serves getters in order of arrival", async () => {
    const { queue, log, waits } = await getters("ABC");
    for (const item of [1, 2, 3]) {
      queue.putNowait(item);
      await rest();
    }
    await Promise.all(waits);
    assertEquals(log, ["A1", "B2", "C3"]);
    await sound(queue);
  });

  test("serves putters in order of arrival", async () => {
    const { queue, waits } = await putters(4);
    assertEquals(await takeAll(queue), [0, 1, 2, 3, 4]);
    await Promise.all(waits);
    await sound(queue);
  });

  for (const [which, index] of [["first", 0], ["middle", 1], ["last", 2]] as const) {
    test(`serves the other getters when the ${which} of three is cancelled`, async () => {
      const { queue, log, waits } = await getters("ABC");
      waits[index]!.cancel();
      await assertRejects(() => Promise.resolve(waits[index]!), CancelledError);
      for (const item of [1, 2]) {
        queue.putNowait(item);
        await rest();
      }
      await Promise.allSettled(waits);
      const others = "ABC".replace("ABC"[index]!, "");
      assertEquals(log, [`${others[0]}1`, `${others[1]}2`]);
      await sound(queue);
    });

    test(`loses no item when the ${which} of three getters is cancelled at the put`, async () => {
      for (const first of ["cancel", "put"]) {
        const { queue, log, waits } = await getters("ABC");
        if (first === "cancel") waits[index]!.cancel();
        queue.putNowait(1);
        // Now one has been woken, and has not had its turn.
        if (first === "put") waits[index]!.cancel();
        await rest();
        assert(waits[index]!.cancelled());
        const others = "ABC".replace("ABC"[index]!, "");
        assertEquals(log, [`${others[0]}1`]);
        queue.putNowait(2);
        await Promise.allSettled(waits);
        assertEquals(log, [`${others[0]}1`, `${others[1]}2`]);
        await sound(queue);
      }
    });

    test(`serves the other putters when the ${which} of three is cancelled`, async () => {
      for (const when of ["before", "at", "after"]) {
        const { queue, waits } = await putters(3);
        if (when !== "after") waits[index]!.cancel();
        if (when === "before") await rest();
        const items = [queue.getNowait()];
        // Now one has been woken, and has not had its turn.
        if (when === "after") waits[index]!.cancel();
        await rest();
        assert(waits[index]!.cancelled());
        items.push(...await takeAll(queue));
        assertEquals(items, [0, 1, 2, 3].filter((item) => item !== index + 1));
        await Promise.allSettled(waits);
        await sound(queue);
      }
    });
  }

  test("keeps the item when the only getter is cancelled after the hand-over", async () => {
    const { queue, log, waits } = await getters("A");
    queue.putNowait(1);
    waits[0]!.cancel();
    await Promise.allSettled(waits);
    assertEquals([log, drain(queue)], [[], [1]]);
    await sound(queue);
  });

  test("keeps the room when the only putter is cancelled after the hand-over", async () => {
    const { queue, waits } = await putters(1);
    assertEquals(queue.getNowait(), 0);
    waits[0]!.cancel();
    await Promise.allSettled(waits);
    assertEquals(queue.qsize(), 0);
    queue.putNowait(5);
    assertEquals(queue.getNowait(), 5);
    await sound(queue);
  });

  test("lets one whose item somebody else took wait on", async () => {
    const { queue, log, waits } = await getters("ABC");
    queue.putNowait(1);
    queue.putNowait(2);
    assertEquals(drain(queue), order([1, 2]), "nobody can be quicker than one who was woken");
    await rest();
    assertEquals(log, []);
    for (const item of [3, 4, 5]) {
      queue.putNowait(item);
      await rest();
    }
    await Promise.all(waits);
    assertEquals(log, robbed === "first" ? ["A3", "B4", "C5"] : ["C3", "A4", "B5"]);
    await sound(queue);
  });

  test("lets one whose room somebody else took wait on", async () => {
    const { queue, waits } = await putters(3);
    assertEquals(queue.getNowait(), 0);
    queue.putNowait(9);
    assertEquals(await takeAll(queue), robbed === "first" ? [9, 1, 2, 3] : [9, 1, 3, 2]);
    await Promise.all(waits);
    await sound(queue);
  });

  test("joins when every item is done, and not before", async () => {
    const queue = make(0);
    await queue.join();
    for (const item of [1, 2, 3]) queue.putNowait(item);
    let joined = 0;
    const joins = [1, 2].map(() => createTask(() => queue.join().then(() => joined++)));
    for (let i = 0; i < 3; i++) {
      await rest();
      assertEquals(joined, 0);
      await queue.get();
      await rest();
      assertEquals(joined, 0);
      queue.taskDone();
    }
    await Promise.all(joins);
    assertEquals(joined, 2);
    assertThrows(() => queue.taskDone(), RangeError);
    await sound(queue);
  });

  test("serves the other joiners when one is cancelled", async () => {
    const queue = make(0);
    queue.putNowait(1);
    const joins = [1, 2, 3].map(() => createTask(() => queue.join()));
    await rest();
    joins[1]!.cancel();
    await rest();
    queue.getNowait();
    queue.taskDone();
    await Promise.allSettled(joins);
    assertEquals(joins.map((join) => join.cancelled()), [false, true, false]);
    await sound(queue);
  });

  test("ends an iteration when it has ended and is drained", async () => {
    const queue = make(0);
    for (const item of [1, 2, 3]) queue.putNowait(item);
    const seen: number[] = [];
    const reader = createTask(async () => {
      for await (const item of { [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator]() }) {
        seen.push(item);
      }
    });
    await rest();
    assertEquals(seen, order([1, 2, 3]));
    queue.putNowait(4);
    await rest();
    assertEquals(seen.at(-1), 4);
    end(queue);
    await reader;
    assertEquals(seen.length, 4);
    const late = queue[Symbol.asyncIterator]();
    assertStrictEquals((await late.next()).done, true);
    await assertRejects(() => queue.put(1), QueueShutDown);
  });

  test("hands items from several producers to several consumers, each once", async () => {
    const queue = make(3);
    const seen: number[] = [];
    const producers = [0, 1, 2].map((p) =>
      createTask(async () => {
        for (let i = 0; i < 50; i++) await queue.put(p * 50 + i);
      })
    );
    const consumers = [0, 1, 2, 3].map(() =>
      createTask(async () => {
        for (;;) {
          seen.push(await queue.get());
          queue.taskDone();
        }
      })
    );
    await Promise.all(producers);
    await queue.join();
    for (const consumer of consumers) consumer.cancel();
    await Promise.allSettled(consumers);
    assertEquals(seen.sort((a, b) => a - b), Array.from({ length: 150 }, (_, i) => i));
    await sound(queue);
  });

  test(`serves ${crowd} getters in order, with every third cancelled`, async () => {
    const queue = make(0);
    let last = -1, served = 0;
    const waits = Array.from({ length: crowd }, (_, i) =>
      createTask(async () => {
        await queue.get();
        assert(i > last, `${i} came after ${last}`);
        last = i;
        served++;
      }));
    await rest();
    for (let i = crowd - 1; i >= 0; i--) {
      if (i % 3 === 0) waits[i]!.cancel();
    }
    for (let i = 0; i < crowd; i++) queue.putNowait(i);
    await Promise.allSettled(waits);
    const cancelled = Math.ceil(crowd / 3);
    assertEquals([served, queue.qsize()], [crowd - cancelled, cancelled]);
  });

  test(`serves ${crowd} putters in order, with every third cancelled`, async () => {
    const queue = make(1);
    queue.putNowait(-1);
    const waits = Array.from({ length: crowd }, (_, i) => createTask(() => queue.put(i)));
    await rest();
    for (let i = crowd - 1; i >= 0; i--) {
      if (i % 3 === 0) waits[i]!.cancel();
    }
    const cancelled = Math.ceil(crowd / 3);
    let last = queue.getNowait();
    for (let i = 0; i < crowd - cancelled; i++) {
      const item = await queue.get();
      assert(item > last, `${item} came after ${last}`);
      last = item;
    }
    await Promise.allSettled(waits);
    assertEquals(queue.qsize(), 0);
    await sound(queue);
  });
}
