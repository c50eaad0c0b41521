import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  createTask,
  ensureFuture,
  ExceptionGroup,
  gather,
  InvalidStateError,
  Queue,
  run,
  shield,
  sleep,
  TaskGroup,
  timeout,
  wait,
  waitFor,
} from "../../mod.ts";
import { failure } from "./helpers.ts";

/** Throws whatever is done with it. */
function refusing(): unknown {
  const refuse = () => {
    throw new Error("not to be looked at");
  };
  return new Proxy(() => {}, {
    apply: refuse,
    get: refuse,
    getOwnPropertyDescriptor: refuse,
    getPrototypeOf: refuse,
    has: refuse,
  });
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** An error that holds itself. */
function endless(): unknown {
  const error = new SuppressedError(undefined, undefined);
  error.error = error.suppressed = error;
  return error;
}

const thrown = { refusing, revoked, endless, frozen: () => Object.freeze(new Error("frozen")) };

/** Whether `promise` rejects with this very value. */
async function rejectsWith(promise: PromiseLike<unknown>, error: unknown): Promise<boolean> {
  try {
    await promise;
    return false;
  } catch (actual) {
    return actual === error;
  }
}

for (const [name, make] of Object.entries(thrown)) {
  const fail = (error: unknown) => async () => {
    await sleep(0);
    throw error;
  };

  const forms: Record<string, (error: unknown) => PromiseLike<unknown>> = {
    "a task": (error) => createTask(fail(error)),
    "a task that throws at once": (error) =>
      createTask(() => {
        throw error;
      }),
    "a task that was cancelled": (error) => {
      const task = createTask(() => sleep(60_000).catch(fail(error)));
      setTimeout(() => task.cancel(), 0);
      return task;
    },
    "run": (error) => run(fail(error)),
    "timeout": (error) => timeout(60_000, fail(error)),
    "waitFor": (error) => waitFor(fail(error), 60_000),
    "gather": (error) => gather(fail(error), () => sleep(0)),
    "shield": (error) => shield(fail(error)),
    "ensureFuture": (error) => ensureFuture(Promise.reject(error)),
  };

  for (const [form, start] of Object.entries(forms)) {
    Deno.test(`Thrown ${name}: ${form} rejects with it, and everything goes on`, async () => {
      const error = make();
      assert(await rejectsWith(start(error), error));
      assertEquals(await createTask(() => sleep(0, "goes on")), "goes on");
    });
  }

  Deno.test(`Thrown ${name}: a group holds it, and the parts of a split`, async () => {
    const error = make();
    const group = await assertRejects(
      () => TaskGroup.run((group) => void group.createTask(fail(error))),
      ExceptionGroup,
    );
    assert(group.errors[0] === error);
    const [none, rest] = group.split(TypeError);
    assertEquals(none, undefined);
    assert(rest!.errors[0] === error);
  });
}

Deno.test("Nonsense that refuses to be read is refused with TypeError", async () => {
  for (const nonsense of [refusing(), revoked()]) {
    await assertRejects(() => sleep(nonsense as number), TypeError, "that cannot be read");
    assertThrows(() => createTask(() => {}, { name: nonsense as string }), TypeError);
    await assertRejects(() => waitFor(() => 1, nonsense as number), TypeError);
  }
});

Deno.test("A reason for cancel that refuses to be read becomes the cause", async () => {
  const reason = refusing();
  const task = createTask(() => sleep(60_000));
  assert(task.cancel(reason));
  assert((await failure(task) as Error).cause === reason);
});

type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;

const thenables: Record<string, [Then, outcome: unknown]> = {
  "that throws": [() => {
    throw "thrown";
  }, "thrown"],
  "that resolves at once, and then throws": [(resolve) => {
    resolve(1);
    throw "too late";
  }, 1],
  "that rejects, resolves, and throws": [(resolve, reject) => {
    reject("first");
    resolve(2);
    throw "third";
  }, "first"],
  "that calls back again and again": [(resolve, reject) => {
    queueMicrotask(() => [1, 2].forEach(resolve));
    queueMicrotask(() => reject("too late"));
  }, 1],
  "that gives another one": [(resolve) => resolve({ then: answerFive }), 5],
  "that gives a promise": [(resolve) => resolve(Promise.resolve(5)), 5],
  "that gives a rejected promise": [(resolve) => resolve(Promise.reject("inner")), "inner"],
};

function answerFive(resolve: (value: number) => void): void {
  queueMicrotask(() => resolve(5));
}

const waits: Record<string, (thenable: PromiseLike<unknown>) => PromiseLike<unknown>> = {
  "createTask": (thenable) => createTask(() => thenable),
  "ensureFuture": (thenable) => ensureFuture(thenable),
  "gather": (thenable) => gather(thenable).then(([value]) => value),
  "shield": (thenable) => shield(thenable),
  "waitFor": (thenable) => waitFor(thenable, 60_000),
  "a child of a group": (thenable) =>
    TaskGroup.run((group) => group.createTask(() => thenable)).then(
      (value) => value,
      (group: ExceptionGroup) => Promise.reject(group.errors[0]),
    ),
};

for (const [name, [then, outcome]] of Object.entries(thenables)) {
  for (const [form, start] of Object.entries(waits)) {
    Deno.test(`A thenable ${name}, in ${form}, ends it once`, async () => {
      const ended = await Promise.resolve(start({ then } as PromiseLike<unknown>)).catch((e) => e);
      assertEquals(ended, outcome);
    });
  }
}

Deno.test("A result that is a thenable is awaited before the task is done", async () => {
  const then: Then = (resolve) => resolve(Promise.resolve(3));
  const task = createTask(() => ({ then }) as PromiseLike<number>);
  await wait([task]);
  assertEquals(task.result(), 3);
});

Deno.test("A thenable that never calls back can be given up", async () => {
  const never = { then() {} } as PromiseLike<never>;
  const task = createTask(() => ensureFuture(never));
  await sleep(0);
  task.cancel();
  await wait([task]);
  assert(task.cancelled());
});

Deno.test("Names and options of the wrong type are refused, and change nothing", async () => {
  const task = createTask(() => {}, { name: "kept" });
  assertThrows(() => task.name = 5 as unknown as string, TypeError, "name must be a string");
  assertEquals(task.name, "kept");
  await task;
  const queue = new Queue<number>();
  const options = { immediate: 1 as unknown as boolean };
  assertThrows(() => queue.shutdown(options), TypeError, "immediate must be a boolean");
  queue.putNowait(1);
  const returnWhen = 5 as unknown as "ALL_COMPLETED";
  await assertRejects(() => wait([task], { returnWhen }), TypeError, "must be a string");
  assertThrows(() => task.setResult(), InvalidStateError);
});
