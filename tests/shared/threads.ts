import { parcel, type Shareable } from "../../lib/wire/shareable.ts";
import { deathLog, recover } from "../../lib/shared/thread_registry.ts";
import { Journal } from "../../lib/shared/protocol/journal.ts";
import { SLOTS } from "../../lib/shared/protocol/wait_queues.ts";
import type { deeds } from "./fixtures/thread.ts";

type Deeds = typeof deeds;
type Result<N extends keyof Deeds> = Awaited<ReturnType<Deeds[N]>>;

/** Another thread, which does what it is told. */
export class ThreadIdentity {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #count = 0;
  #terminated = false;
  /** The id of its thread. */
  id = 0;

  private constructor() {
    const url = new URL("./fixtures/thread.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data: [call, ok, value] }) => {
      const { resolve, reject } = this.#calls.get(call)!;
      this.#calls.delete(call);
      if (ok) resolve(value);
      else reject(new Error(value));
    };
  }

  /** Start some of them. */
  static async start(count: number): Promise<Threads> {
    const threads = Array.from({ length: count }, () => new ThreadIdentity());
    await Promise.all(threads.map((thread) => thread.#expect(0)));
    for (const thread of threads) thread.id = await thread.do("id", deathLog());
    return new Threads(threads);
  }

  /** Have it do something. */
  do<N extends keyof Deeds>(name: N, ...args: unknown[]): Promise<Result<N>> {
    const call = ++this.#count;
    const ports = args.filter((arg) => arg instanceof MessagePort);
    const packed = args.map((arg) => isShared(arg) ? arg[parcel]() : arg);
    this.#worker.postMessage([call, name, packed], ports);
    return this.#expect(call) as Promise<Result<N>>;
  }

  /** Let it die as it is, and tell the others. */
  die(): void {
    this.terminate();
    recover(this.id);
  }

  /** End it. */
  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#worker.terminate();
  }

  #expect(call: number): Promise<unknown> {
    const answer = Promise.withResolvers<unknown>();
    this.#calls.set(call, answer);
    return answer.promise;
  }
}

/** Threads that end with the block. */
export class Threads implements Disposable {
  readonly all: ThreadIdentity[];

  constructor(all: ThreadIdentity[]) {
    this.all = all;
  }

  [Symbol.iterator](): Iterator<ThreadIdentity> {
    return this.all[Symbol.iterator]();
  }

  [Symbol.dispose](): void {
    for (const thread of this.all) thread.terminate();
  }
}

function isShared(value: unknown): value is Shareable {
  return (value as Partial<Shareable> | null | undefined)?.[parcel] !== undefined;
}

/**
 * Come back when `count` waits group in the queues of `object`, which begin at word `at`, or when
 * `over` has settled.
 */
export async function untilWaiting(
  object: Shareable,
  count: number,
  { at, queues = 1 }: { at: number; queues?: number },
  over?: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const end = () => void (isOver = true);
  over?.then(end, end);
  const { data } = object[parcel]();
  const [first] = data as [SharedArrayBuffer | [SharedArrayBuffer]];
  const words = new Int32Array(first instanceof SharedArrayBuffer ? first : first[0]);
  const slots = at + Journal.SIZE + 2 * queues;
  for (;;) {
    let found = 0;
    for (let i = 0; i < SLOTS; i++) {
      const slot = slots + 6 * i;
      if (Atomics.load(words, slot) !== 0) found += Atomics.load(words, slot + 1);
    }
    if (found === count || isOver) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Where the queues of a lock begin. */
export const OF_LOCK = { at: 3 };
/** Where the queues of a condition begin. */
export const OF_CONDITION = { at: 0 };
/** Where the queues of a queue begin. */
export const OF_QUEUE = { at: 64, queues: 3 };
/** Where the queue of a semaphore begins. */
export const OF_SEMAPHORE = { at: 66 };
