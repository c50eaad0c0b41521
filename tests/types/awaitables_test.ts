/**
 * What the verbs over awaitables infer: from each member, and not from the first. Checked by `deno
 * check`; nothing here runs.
 */
import {
  asCompleted,
  type Awaitable,
  createTask,
  ensureFuture,
  Event,
  type Future,
  gather,
  type GatherOptions,
  Queue,
  shield,
  type Task,
  wait,
  waitFor,
} from "../../mod.ts";
import { is } from "./is.ts";

const n = () => Promise.resolve(1);
const s = () => Promise.resolve("a");
const plain = () => 1;
const task = createTask(n, { name: "n" });
const word = createTask(s);
const future = ensureFuture(Promise.resolve(true));
const queue = new Queue<string>();
const stop = new Event();
const coin = () => Math.random() < 0.5;

async function gathers() {
  is<[number, string]>()(await gather(n, s), true);
  is<[number, string]>()(await gather([n, s]), true);
  is<[number, string]>()(await gather([n, s] as const), true);
  is<[number, string, boolean]>()(await gather(task, s, future), true);
  is<[]>()(await gather([]), true);
  is<[number]>()(await gather([plain]), true);
  is<number[]>()(await gather(Array.from({ length: 3 }, () => n)), true);
  is<number[]>()(await gather(new Set([n])), true);
  is<(number | string)[]>()(await gather(new Set([n, s])), true);
  is<number[]>()(
    await gather(function* () {
      yield n;
    }()),
    true,
  ); // deno-fmt-ignore
  is<number[]>()(await gather<number>([n]), true);

  is<[number | Error, string | Error]>()(await gather([n, s], { returnExceptions: true }), true);
  is<[number, string]>()(await gather([n, s], { returnExceptions: false }), true);
  is<(number | Error)[]>()(await gather(new Set([n]), { returnExceptions: true }), true);
  const options: GatherOptions = {};
  is<(number | string | Error)[]>()(await gather([n, s], options), true);

  const [first] = await gather([n], { returnExceptions: true });
  // @ts-expect-error: the failure stands there, too
  first.toFixed();
  // @ts-expect-error: not an awaitable
  await gather([1, 2]);
  // @ts-expect-error: no such option
  await gather([n], { returnException: true });
}

async function waits() {
  is<Set<Task<number>>>()((await wait([task])).done, true);
  is<Set<Task<number>>>()((await wait(new Set([task]))).pending, true);
  is<Set<Task<number> | Task<string>>>()((await wait([task, word])).done, true);
  is<Set<Future<number> | Future<string>>>()((await wait([n, s])).done, true);
  is<Set<Task<number> | Future<boolean> | Future<string>>>()(
    (await wait([task, future, s])).done,
    true,
  );
  is<Set<Future<string> | Future<true>>>()(
    (await wait([() => queue.get(), () => stop.wait()], { returnWhen: "FIRST_COMPLETED" })).done,
    true,
  );
  is<Set<Future<string> | Future<true>>>()((await wait([queue.get(), stop.wait()])).done, true);
  is<Set<Future<unknown>>>()((await wait<unknown>([n, s])).done, true);
  for (const one of (await wait([task])).done) one.name;
  const { done } = await wait([task]);
  done.has(task);
  // @ts-expect-error: not an awaitable
  await wait([1]);
  // @ts-expect-error: no such time
  await wait([n], { returnWhen: "SECOND_COMPLETED" });
}

async function completes() {
  for await (const one of asCompleted([n, s])) is<number | string>()(await one, true);
  for await (const one of asCompleted([task, word])) is<number | string>()(await one, true);
  const step = await asCompleted([task, word]).next();
  if (step.done !== true) is<Task<number> | Task<string>>()(step.value, true);
  for await (const one of asCompleted<number | string>([n, s])) {
    is<number | string>()(await one, true);
  }
  // @ts-expect-error: not an awaitable
  asCompleted([1]);
}

async function singles() {
  is<number | string>()(await shield(coin() ? task : word), true);
  is<number | string>()(await waitFor(coin() ? task : word, 1_000), true);
  is<number>()(await shield(n), true);
  is<number>()(await waitFor(n, 5), true);
  is<number>()(await waitFor<number>(plain, 5), true);
  is<Response>()(await waitFor((signal) => fetch("data:,", { signal }), 5), true);
  // @ts-expect-error: not an awaitable
  await shield(1);
  // @ts-expect-error: milliseconds
  await waitFor(n, "5");
}

/** In generic code, too, what is given comes out again. */
async function generic<T>(aw: Awaitable<T>) {
  const waited: Promise<T> = waitFor(aw, 1);
  const shielded: Promise<T> = shield(aw);
  const gathered: T[] = await gather(new Set([aw]));
  const pair: [T, T] = await gather([aw, aw]);
  const done: Set<Future<T>> = (await wait([aw])).done;
  for await (const one of asCompleted([aw])) is<T>()(await one as T, true);
  return [waited, shielded, gathered, pair, done];
}

Deno.test("The types of verbs over awaitables are what `deno check` holds them to", () => {
  for (const fn of [gathers, waits, completes, singles, generic]) void fn;
  for (const one of [task, word]) one.cancel();
});
