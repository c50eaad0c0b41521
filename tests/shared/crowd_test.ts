import { assert, assertEquals } from "@std/assert";
import { SharedCondition, SharedLock, SharedQueue } from "../../mod.ts";
import { SLOTS } from "../../lib/shared/protocol/wait_queues.ts";
import { LockProtocol } from "../../lib/shared/protocol/lock_protocol.ts";
import { ConditionProtocol } from "../../lib/shared/protocol/condition_protocol.ts";
import {
  GETTERS,
  JOINERS,
  PUTTERS,
  QueueProtocol,
} from "../../lib/shared/protocol/queue_protocol.ts";
import type { ThreadIdentity } from "../../lib/shared/protocol/words.ts";
import { SharedWords } from "../../lib/shared/shared_words.ts";
import { parcel, type Shareable } from "../../lib/wire/shareable.ts";
import { settle } from "../support/settled.ts";

/** A thread that there is not, as far as the memory can tell. */
function stranger(id: number): ThreadIdentity {
  return { id, isDead: () => false, checkAlive: () => {} };
}

function wordsOf(object: Shareable, size: number): SharedWords {
  const { data } = object[parcel]();
  const [first] = data as [SharedArrayBuffer | [SharedArrayBuffer]];
  return new SharedWords(first instanceof SharedArrayBuffer ? first : first[0], 0, size);
}

Deno.test("Crowd: behind more threads than there are slots, a task gets the lock", async () => {
  const lock = new SharedLock();
  const words = wordsOf(lock, LockProtocol.SIZE);
  const first = await lock.acquire();
  const others = Array.from({ length: SLOTS + 1 }, (_, i) => {
    const protocol = new LockProtocol(words, 0, stranger(i + 2));
    return { protocol, slot: protocol.takeOrJoin(0) };
  });
  assertEquals(others.filter(({ slot }) => slot === 0).length, 1, "there are more slots");
  const log: number[] = [];
  const mine = [1, 2, 3].map(async (n) => {
    using _ = await lock.acquire();
    log.push(n);
  });
  await settle();
  first[Symbol.dispose]();
  for (const { protocol, slot } of others) {
    if (slot === 0) continue;
    assert(protocol.mine());
    protocol.queues.finishedOne(slot);
    protocol.release();
  }
  await Promise.all(mine);
  assertEquals(log, [1, 2, 3]);
  assert(!lock.locked());
});

Deno.test("Crowd: while slots are scarce, the waits of a thread share one", async () => {
  const lock = new SharedLock();
  const words = wordsOf(lock, LockProtocol.SIZE);
  const first = await lock.acquire();
  let log = "";
  const mine: Promise<void>[] = [];
  const strangers: { protocol: LockProtocol; slot: number }[] = [];
  for (let i = 0; i < SLOTS - 1; i++) {
    mine.push((async () => {
      using _ = await lock.acquire();
      log += ".";
    })());
    const protocol = new LockProtocol(words, 0, stranger(i + 2));
    const slot = protocol.takeOrJoin(0);
    if (slot !== 0) strangers.push({ protocol, slot });
  }
  first[Symbol.dispose]();
  for (const { protocol, slot } of strangers) {
    while (!protocol.mine()) await settle();
    protocol.queues.finishedOne(slot);
    protocol.release();
  }
  await Promise.all(mine);
  assertEquals(log, ".".repeat(SLOTS - 1));
  assert(strangers.length > SLOTS / 2);
});

Deno.test("Crowd: at a condition, one for whom there is no slot wakes without cause", async () => {
  const condition = new SharedCondition();
  const words = wordsOf(condition, ConditionProtocol.SIZE);
  for (let i = 0; i < SLOTS; i++) new ConditionProtocol(words, 0, stranger(i + 2)).join(0);
  let asked = 0;
  using _ = await condition.acquire();
  await condition.waitForPredicate(() => ++asked > 3);
  assertEquals(asked, 4);
});

Deno.test("Crowd: at a queue, those for whom there is no slot look again and again", async () => {
  const queue = new SharedQueue<number>({ maxsize: 1 });
  const words = wordsOf(queue, QueueProtocol.SIZE);
  for (let i = 0; i < SLOTS; i++) {
    const queue = [GETTERS, PUTTERS, JOINERS][i % 3]!;
    assert(new QueueProtocol(words, 0, stranger(i + 2), 1).join(queue) > 0);
  }
  const got = [queue.get(), queue.get()];
  await settle();
  await queue.put(1);
  const put = queue.put(2);
  assertEquals(await Promise.all(got), [1, 2]);
  await put;
  const joined = queue.join();
  queue.taskDone();
  await settle();
  queue.taskDone();
  await joined;
});
