/**
 * What holds for everything that admits one at a time, whatever it is made of.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { allTasks, CancelledError, createTask, Future, sleep, type Task } from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** The verbs that the suite uses. */
export interface Lockable {
  acquire(): Promise<Disposable>;
  tryAcquire(): Disposable | undefined;
  release(): void;
  locked(): boolean;
}

/** What differs between the classes. */
export interface LockingOptions {
  /** The error of a release without a hold; none if that is allowed. */
  // deno-lint-ignore no-explicit-any
  overRelease?: new (...args: any[]) => Error;
  /** Whether `release()` kills the permit of the one who held it. Default `true`. */
  permitsDie?: boolean;
  /** How many wait at once in the largest test. Default 100,000. */
  crowd?: number;
  /** Let all happen that can happen. Default: a few turns of the event loop. */
  settle?: () => Promise<void>;
}

/** Define the tests. `make` gives a new one, free, for one holder. */
export function testLocking(
  name: string,
  make: () => Lockable,
  options: LockingOptions = {},
): void {
  const { overRelease, permitsDie = true, crowd = 100_000, settle: rest = settle } = options;
  const test = (what: string, fn: () => Promise<void>) => {
    Deno.test(`${name}: ${what}`, async () => {
      const before = allTasks().size;
      await fn();
      assertEquals(allTasks().size, before, "tasks are left behind");
    });
  };

  /** Hold it, and let some others wait for it; each logs its name and holds it for a while. */
  async function lineUp(names: string, hold: () => Promise<unknown> = () => Promise.resolve()) {
    const lock = make();
    const permit = await lock.acquire();
    const log: string[] = [];
    const waits: Task<void>[] = [];
    for (const name of names) {
      waits.push(createTask(async () => {
        using _ = await lock.acquire();
        log.push(name);
        await hold();
      }, { name }));
      await rest();
    }
    return { lock, permit, log, waits };
  }

  async function free(lock: Lockable) {
    await rest();
    assert(!lock.locked(), "it is not free");
    const permit = lock.tryAcquire();
    assert(permit !== undefined, "the next user does not get through");
    assertStrictEquals(lock.tryAcquire(), undefined, "it admits two");
    permit[Symbol.dispose]();
    assert(!lock.locked());
  }

  test("admits one at a time", async () => {
    const lock = make();
    let inside = 0, most = 0, visits = 0;
    await Promise.all(Array.from({ length: 20 }, (_, i) =>
      createTask(async () => {
        for (let round = 0; round < 3; round++) {
          using _ = await lock.acquire();
          most = Math.max(most, ++inside);
          visits++;
          if (i % 2 === 0) await sleep(0);
          inside--;
        }
      })));
    assertEquals([most, visits], [1, 60]);
    await free(lock);
  });

  test("is held from acquire to release, and from tryAcquire", async () => {
    const lock = make();
    assert(!lock.locked());
    await lock.acquire();
    assert(lock.locked());
    lock.release();
    assert(!lock.locked());
    assert(lock.tryAcquire() !== undefined);
    assert(lock.locked());
    assertStrictEquals(lock.tryAcquire(), undefined);
    lock.release();
    await free(lock);
  });

  test("serves in order of arrival", async () => {
    const { lock, permit, log, waits } = await lineUp("ABCDE");
    permit[Symbol.dispose]();
    await Promise.all(waits);
    assertEquals(log.join(""), "ABCDE");
    await free(lock);
  });

  test("lets no newcomer overtake one who waits or was woken", async () => {
    const { lock, permit, log, waits } = await lineUp("AB");
    permit[Symbol.dispose]();
    assertStrictEquals(lock.tryAcquire(), undefined, "overtook one who was woken");
    const late = (async () => {
      using _ = await lock.acquire();
      log.push("late");
    })();
    await Promise.all([...waits, late]);
    assertEquals(log, ["A", "B", "late"]);
    await free(lock);
  });

  for (const [which, index] of [["first", 0], ["middle", 1], ["last", 2]] as const) {
    test(`serves the others when the ${which} of three is cancelled`, async () => {
      const { lock, permit, log, waits } = await lineUp("ABC");
      waits[index]!.cancel();
      await assertRejects(() => Promise.resolve(waits[index]!), CancelledError);
      assert(lock.locked(), "a cancelled wait has set it free");
      permit[Symbol.dispose]();
      await Promise.allSettled(waits);
      assertEquals(log.join(""), "ABC".replace("ABC"[index]!, ""));
      await free(lock);
    });

    test(`serves the others when the ${which} of three is cancelled at the release`, async () => {
      for (const first of ["cancel", "release"]) {
        const { lock, permit, log, waits } = await lineUp("ABC");
        if (first === "cancel") waits[index]!.cancel();
        permit[Symbol.dispose]();
        // Now the first has been woken, and has not had its turn.
        if (first === "release") waits[index]!.cancel();
        await Promise.allSettled(waits);
        assert(waits[index]!.cancelled());
        assertEquals(log.join(""), "ABC".replace("ABC"[index]!, ""));
        await free(lock);
      }
    });
  }

  test("is free again when the only one who waits is cancelled after the hand-over", async () => {
    const { lock, permit, log, waits } = await lineUp("A");
    permit[Symbol.dispose]();
    waits[0]!.cancel();
    await Promise.allSettled(waits);
    assertEquals(log, []);
    await free(lock);
  });

  test("goes on to the last when all before are cancelled after the hand-over", async () => {
    const { lock, permit, log, waits } = await lineUp("ABCDE");
    permit[Symbol.dispose]();
    for (const wait of waits.slice(0, 4)) wait.cancel();
    await Promise.allSettled(waits);
    assertEquals(log.join(""), "E");
    await free(lock);
  });

  test("stays with the holder who is cancelled until it lets go", async () => {
    const lock = make();
    const gate = new Future<void>();
    const holder = createTask(async () => {
      using _ = await lock.acquire();
      try {
        await sleep(Infinity);
      } finally {
        await gate;
      }
    });
    await rest();
    holder.cancel();
    await rest();
    assert(lock.locked());
    gate.setResult();
    await Promise.allSettled([holder]);
    assert(holder.cancelled());
    await free(lock);
  });

  test("releases once through one permit, however often it is disposed of", async () => {
    const { lock, permit, log, waits } = await lineUp("AB", () => sleep(0));
    permit[Symbol.dispose]();
    permit[Symbol.dispose]();
    await rest();
    permit[Symbol.dispose]();
    await Promise.all(waits);
    assertEquals(log.join(""), "AB");
    permit[Symbol.dispose]();
    await free(lock);
    const other = await lock.acquire();
    permit[Symbol.dispose]();
    assert(lock.locked(), "an old permit has released the hold of another");
    other[Symbol.dispose]();
    await free(lock);
  });

  if (permitsDie) {
    test("does not release through a permit that release() has outdated", async () => {
      const lock = make();
      const permit = await lock.acquire();
      lock.release();
      permit[Symbol.dispose]();
      const other = await lock.acquire();
      permit[Symbol.dispose]();
      assert(lock.locked());
      other[Symbol.dispose]();
      await free(lock);
    });
  }

  if (overRelease !== undefined) {
    test("refuses a release without a hold, and is none the worse for it", async () => {
      const lock = make();
      for (let i = 0; i < 2; i++) {
        let error: unknown;
        try {
          lock.release();
        } catch (thrown) {
          error = thrown;
        }
        assert(error instanceof overRelease, `threw ${error}`);
      }
      await free(lock);
    });
  }

  test("works outside any task", async () => {
    const lock = make();
    const permit = await lock.acquire();
    const log: number[] = [];
    const others = [1, 2, 3].map(async (n) => {
      using _ = await lock.acquire();
      log.push(n);
    });
    permit[Symbol.dispose]();
    await Promise.all(others);
    assertEquals(log, [1, 2, 3]);
    await free(lock);
  });

  test("cancels all waits of one task, and only those", async () => {
    const { lock, permit, log, waits } = await lineUp("A");
    const many = createTask(() => Promise.all([lock.acquire(), lock.acquire(), lock.acquire()]));
    await rest();
    many.cancel();
    await Promise.allSettled([many]);
    permit[Symbol.dispose]();
    await Promise.all(waits);
    assertEquals(log.join(""), "A");
    await free(lock);
  });

  test(`serves ${crowd} in order, with every third cancelled`, async () => {
    const lock = make();
    const permit = await lock.acquire();
    let last = -1, served = 0;
    const waits = Array.from({ length: crowd }, (_, i) =>
      createTask(async () => {
        using _ = await lock.acquire();
        assert(i > last, `${i} came after ${last}`);
        last = i;
        served++;
      }));
    await rest();
    for (let i = crowd - 1; i >= 0; i--) {
      if (i % 3 === 0) waits[i]!.cancel();
    }
    permit[Symbol.dispose]();
    const results = await Promise.allSettled(waits);
    const cancelled = Math.ceil(crowd / 3);
    assertEquals(results.filter(({ status }) => status === "rejected").length, cancelled);
    assertEquals(served, crowd - cancelled);
    await free(lock);
  });
}
