/**
 * Every form in which a wait is handed on, over every kind of wait, in a task and outside any: what is
 * waited for comes before, with, or after the cancellation of who holds the wait, and is then with
 * exactly one: with who waited, or where it was.
 */
import { assert, assertEquals } from "@std/assert";
import {
  asCompleted,
  Barrier,
  Condition,
  createTask,
  ensureFuture,
  Event,
  type Future,
  gather,
  Lock,
  Queue,
  race,
  Semaphore,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
  shield,
  sleep,
  TaskPool,
  wait,
  waitFor,
} from "../../mod.ts";
import { settle } from "../support/settled.ts";

interface Scene {
  /** Begin the wait that is handed on. */
  begin(): PromiseLike<unknown>;
  /** Let it end. */
  satisfy(): unknown;
  /** After all: nothing is lost, and nothing made. */
  check(got: boolean): unknown;
}

interface AnyQueue {
  get(): Promise<number>;
  put(item: number): Promise<void>;
  putNowait(item: number): void;
  getNowait(): number;
  qsize(): number;
}

const getting = (queue: AnyQueue): Scene => ({
  begin: () => queue.get(),
  satisfy: () => queue.putNowait(1),
  check: (got) => assertEquals(queue.qsize(), got ? 0 : 1),
});

function putting(queue: AnyQueue): Scene {
  queue.putNowait(1);
  return {
    begin: () => queue.put(2),
    satisfy: () => queue.getNowait(),
    check: (got) => assertEquals(queue.qsize(), got ? 1 : 0),
  };
}

function acquiring(lock: Pick<Lock, "acquire" | "tryAcquire">): Scene {
  const held = lock.tryAcquire()!;
  return {
    begin: () => lock.acquire(),
    satisfy: () => held[Symbol.dispose](),
    check: (got) => assertEquals(lock.tryAcquire() === undefined, got, "the permit is elsewhere"),
  };
}

const meeting = (event: Pick<Event, "wait" | "set">): Scene => ({
  begin: () => event.wait(),
  satisfy: () => event.set(),
  check: () => {},
});

function notified(
  condition: Pick<Condition, "tryAcquire" | "acquire" | "wait" | "notifyAll" | "locked">,
): Scene {
  return {
    begin: () => {
      assert(condition.tryAcquire() !== undefined);
      return condition.wait();
    },
    async satisfy() {
      using _ = await condition.acquire();
      condition.notifyAll();
    },
    // Whoever waited has the lock back in any case, as in CPython.
    check: () => assert(condition.locked()),
  };
}

function crossing(barrier: Pick<Barrier, "wait" | "nWaiting">): Scene {
  let other: Future<number> | undefined;
  return {
    begin: () => barrier.wait(),
    satisfy: () => other = createTask(() => barrier.wait()),
    async check(got) {
      if (got || other!.done()) return assert(other!.done());
      await gather(other!, barrier.wait());
      assertEquals(barrier.nWaiting, 0);
    },
  };
}

function calling(begin: (pool: TaskPool, gate: Event) => PromiseLike<unknown>): Scene {
  const pool = new TaskPool(1);
  const gate = new Event();
  return {
    begin: () => begin(pool, gate),
    satisfy: () => gate.set(),
    async check() {
      await pool.idle();
      assertEquals([pool.stats.busy, pool.stats.queued], [0, 0]);
    },
  };
}

const scenes: Record<string, () => Scene> = {
  "Queue.get": () => getting(new Queue()),
  "Queue.put": () => putting(new Queue(1)),
  "Lock.acquire": () => acquiring(new Lock()),
  "Semaphore.acquire": () => acquiring(new Semaphore(1)),
  "Condition.wait": () => notified(new Condition()),
  "Barrier.wait": () => crossing(new Barrier(2)),
  "Event.wait": () => meeting(new Event()),
  "SharedQueue.get": () => getting(new SharedQueue<number>()),
  "SharedQueue.put": () => putting(new SharedQueue<number>({ maxsize: 1 })),
  "SharedLock.acquire": () => acquiring(new SharedLock()),
  "SharedSemaphore.acquire": () => acquiring(new SharedSemaphore(1)),
  "SharedCondition.wait": () => notified(new SharedCondition()),
  "SharedBarrier.wait": () => crossing(new SharedBarrier(2)),
  "SharedEvent.wait": () => meeting(new SharedEvent()),
  "a call of a pool": () => calling((pool, gate) => pool.submit(() => gate.wait())),
  "a map of a pool": () => calling((pool, gate) => pool.map(() => gate.wait(), [1, 2])),
};

/** Who is cancelled, and the future of the wait, which says whether it got what it waited for. */
interface Holder {
  victim: Future<unknown>;
  wait: Future<unknown>;
  /** Whether the wait goes on without who was cancelled. */
  goesOn: boolean;
}

const forms: Record<string, (begun: PromiseLike<unknown>) => Holder> = {
  ensureFuture: (begun) => {
    const future = ensureFuture(begun);
    return { victim: future, wait: future, goesOn: false };
  },
  waitFor: (begun) => {
    const wait = ensureFuture(begun);
    return { victim: createTask(() => waitFor(wait, null)), wait, goesOn: false };
  },
  gather: (begun) => {
    const wait = ensureFuture(begun);
    return { victim: ensureFuture(gather([wait, new Event().wait()])), wait, goesOn: false };
  },
  race: (begun) => {
    const wait = ensureFuture(begun);
    const never = new Event();
    return { victim: createTask(() => race(never.wait(), wait)), wait, goesOn: false };
  },
  shield: (begun) => {
    const wait = ensureFuture(begun);
    return { victim: createTask(() => shield(wait)), wait, goesOn: true };
  },
  wait: (begun) => {
    const one = ensureFuture(begun);
    return { victim: createTask(() => wait([one])), wait: one, goesOn: true };
  },
  asCompleted: (begun) => {
    const one = ensureFuture(begun);
    const victim = createTask(async () => {
      for await (const _ of asCompleted([one]));
    });
    return { victim, wait: one, goesOn: true };
  },
};

async function play(make: () => Scene, hand: (begun: PromiseLike<unknown>) => Holder, at: {
  satisfied: number;
  cancelled: number;
}): Promise<boolean> {
  const scene = make();
  const { victim, wait, goesOn } = hand(scene.begin());
  for (const future of [victim, wait]) {
    future.addDoneCallback((done) => done.cancelled() || done.exception());
  }
  for (let step = 0; step <= Math.max(at.satisfied, at.cancelled); step++) {
    if (step === at.satisfied) scene.satisfy();
    if (step === at.cancelled) victim.cancel();
    await undefined;
  }
  for (let turn = 0; turn < 200 && !(victim.done() && wait.done()); turn++) await sleep(0);
  assert(victim.done(), "who was cancelled never ended");
  assert(wait.done(), "the wait never ended");
  await settle();
  const got = !wait.cancelled() && wait.exception() === undefined;
  if (goesOn) assert(got, "the wait was ended, though it should have gone on");
  await scene.check(got);
  return got;
}

/**
 * After so many microtasks the cancellation comes: while all is set up, around the end of the step of
 * a task that never pauses, which is when what was woken has its turn, and long after.
 */
const MOMENTS = [
  ...Array.from({ length: 14 }, (_, n) => n),
  ...Array.from({ length: 34 }, (_, n) => 60 + n),
  250,
];

for (const [name, make] of Object.entries(scenes)) {
  Deno.test(`${name}, handed on in every form, loses nothing wherever the cancellation comes`, async () => {
    for (const [form, hand] of Object.entries(forms)) {
      for (const inside of [true, false]) {
        const outcomes = new Set<boolean>();
        for (const satisfied of [0, 2, 5]) {
          for (const cancelled of MOMENTS) {
            const body = () => play(make, hand, { satisfied, cancelled });
            const where = inside ? "in a task" : "outside any task";
            const when = `satisfied after ${satisfied}, cancelled after ${cancelled} microtasks`;
            try {
              outcomes.add(await (inside ? createTask(body) : body()));
            } catch (cause) {
              throw new Error(`${form} ${where}, ${when}: ${(cause as Error).message}`, { cause });
            }
          }
        }
        assert(outcomes.has(true), `${form}: it was always cancelled`);
      }
    }
  });
}
