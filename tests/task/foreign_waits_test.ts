/** Waits for what is not the library's: requests, timers and child processes under limits and groups. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  cancellable,
  createTask,
  currentSignal,
  ensureFuture,
  ExceptionGroup,
  moveOnAfter,
  run,
  sleep,
  TaskGroup,
  timeout,
  TimeoutError,
  waitFor,
} from "../../mod.ts";

/** A request that is answered when it is told to, and ends early only by its signal: as `fetch`. */
function slowServer() {
  const gate = Promise.withResolvers<string>();
  const ask = (signal?: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      gate.promise.then(resolve);
      signal?.addEventListener("abort", () => {
        reject(new DOMException("The request was aborted", "AbortError"));
      });
    });
  return { ask, answer: () => gate.resolve("answer") };
}

type Ask = (signal?: AbortSignal) => Promise<string>;

/** What came of the call: its value, or the name of its error. */
async function outcome(call: PromiseLike<unknown>): Promise<unknown> {
  const [result] = await Promise.allSettled([call]);
  return result!.status === "rejected" ? result!.reason.name : result!.value;
}

/** The server never answers: the call has to end by itself. */
const REACHED: Record<string, (ask: Ask) => PromiseLike<unknown>> = {
  "waitFor a promise": (ask) => waitFor(ask(), 5),
  "waitFor a function with its signal": (ask) => waitFor((signal) => ask(signal), 5),
  "timeout with the signal of the limit": (ask) => timeout(5, ({ signal }) => ask(signal)),
  "timeout with currentSignal": (ask) => timeout(5, () => ask(currentSignal())),
  "timeout around ensureFuture": (ask) => timeout(5, () => ensureFuture(ask())),
  "timeout that abandons": (ask) => timeout(5, () => ask(), { abandon: true }),
  "timeout in a timeout that abandons": (ask) =>
    timeout(5, () => timeout(2 ** 40, () => ask()), { abandon: true }),
};

/** The server answers long after the limit: the call hears of both. */
const LATE: Record<string, (ask: Ask) => PromiseLike<unknown>> = {
  "timeout around a bare request": (ask) => timeout(5, () => ask()),
  "waitFor a function around a bare request": (ask) => waitFor(() => ask(), 5),
  "timeout around a task that sits in a bare request": (ask) =>
    timeout(5, async () => await createTask(() => ask())),
};

for (const inside of [true, false]) {
  const where = inside ? "in a task" : "outside any task";
  const play = async (body: () => Promise<unknown>): Promise<void> => {
    await (inside ? createTask(body) : body());
  };

  for (const [name, call] of Object.entries(REACHED)) {
    Deno.test(`Foreign: ${name}, ${where}, ends on time`, () =>
      play(async () => {
        const { ask, answer } = slowServer();
        assertEquals(await outcome(call(ask)), "TimeoutError");
        answer(); // what was abandoned may end
        await sleep(0);
      }));
  }

  for (const [name, call] of Object.entries(LATE)) {
    Deno.test(`Foreign: ${name}, ${where}, is late, and an error all the same`, () =>
      play(async () => {
        const { ask, answer } = slowServer();
        let ended = false;
        const late = outcome(call(ask)).finally(() => ended = true);
        await sleep(30);
        assert(!ended, "it ended, though nothing could stop it");
        answer();
        assertEquals(await late, "TimeoutError");
      }));
  }

  Deno.test(`Foreign: moveOnAfter around a bare request, ${where}, gives nothing`, () =>
    play(async () => {
      const { ask, answer } = slowServer();
      const late = outcome(moveOnAfter(5, () => ask()));
      await sleep(30);
      answer();
      assertEquals(await late, undefined);
    }));

  Deno.test(`Foreign: a failing child ends the request of its sibling, ${where}`, () =>
    play(async () => {
      const { ask } = slowServer();
      const group = TaskGroup.run((group) => {
        group.createTask((signal) => ask(signal));
        group.createTask(() => Promise.reject(new Error("boom")));
      });
      const error = await assertRejects(() => group, ExceptionGroup);
      assertEquals(error.errors.map(String), ["Error: boom"]);
    }));

  Deno.test(`Foreign: a request that was aborted because its task was cancelled is no failure, ${where}`, () =>
    play(async () => {
      const { ask } = slowServer();
      const task = createTask((signal) => ask(signal));
      await sleep(0);
      task.cancel();
      assertEquals(await outcome(task), "CancelledError");
      assert(task.cancelled());
    }));
}

/** A program that says a line, and then nothing for a minute. */
function silentChild() {
  const code = 'console.log("hi"); setTimeout(() => {}, 60_000)';
  return new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" }).spawn();
}

const READERS: Record<string, (child: Deno.ChildProcess) => AsyncIterable<Uint8Array>> = {
  "cancellable": (child) => cancellable(child.stdout),
  "cancellable, through a transform": (child) =>
    cancellable(child.stdout.pipeThrough(new TransformStream<Uint8Array, Uint8Array>())),
};

for (const [name, open] of Object.entries(READERS)) {
  Deno.test(`Foreign: the output of a silent child is left on time by ${name}`, async () => {
    await run(async () => {
      const child = silentChild();
      const lines: string[] = [];
      try {
        await assertRejects(() =>
          timeout(5_000, async (limit) => {
            await TaskGroup.run((group) => {
              group.createTask(async () => {
                for await (const bytes of open(child)) {
                  lines.push(new TextDecoder().decode(bytes).trim());
                  limit.reschedule(performance.now()); // it has begun: from here on it is silent
                }
              });
            });
          }), TimeoutError);
      } finally {
        child.kill("SIGKILL");
        await child.status;
      }
      assertEquals(lines, ["hi"]);
    }, { handleSignals: false });
  });
}
