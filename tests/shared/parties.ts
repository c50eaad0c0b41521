import { parcel, type Shareable } from "../../lib/wire/shareable.ts";
import { board, recover } from "../../lib/shared/thread_registry.ts";
import { Journal } from "../../lib/shared/protocol/journal.ts";
import { PLACES } from "../../lib/shared/protocol/wait_queues.ts";
import type { deeds } from "./fixtures/party.ts";

type Deeds = typeof deeds;
type Result<N extends keyof Deeds> = Awaited<ReturnType<Deeds[N]>>;

/** Another thread, which does what it is told. */
export class Party {
  readonly #worker: Worker;
  readonly #calls = new Map<number, PromiseWithResolvers<unknown>>();
  #count = 0;
  #terminated = false;
  /** The id of its thread. */
  id = 0;

  private constructor() {
    const url = new URL("./fixtures/party.ts", import.meta.url);
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data: [call, ok, value] }) => {
      const { resolve, reject } = this.#calls.get(call)!;
      this.#calls.delete(call);
      if (ok) resolve(value);
      else reject(new Error(value));
    };
  }

  /** Start some of them. */
  static async start(count: number): Promise<Parties> {
    const parties = Array.from({ length: count }, () => new Party());
    await Promise.all(parties.map((party) => party.#expect(0)));
    for (const party of parties) party.id = await party.do("id", board());
    return new Parties(parties);
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
export class Parties implements Disposable {
  readonly all: Party[];

  constructor(all: Party[]) {
    this.all = all;
  }

  [Symbol.iterator](): Iterator<Party> {
    return this.all[Symbol.iterator]();
  }

  [Symbol.dispose](): void {
    for (const party of this.all) party.terminate();
  }
}

function isShared(value: unknown): value is Shareable {
  return (value as Partial<Shareable> | null | undefined)?.[parcel] !== undefined;
}

/**
 * Come back when `count` waits stand in the lines of `object`, which begin at word `at`, or when
 * `over` has settled.
 */
export async function untilWaiting(
  object: Shareable,
  count: number,
  { at, lines = 1 }: { at: number; lines?: number },
  over?: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  const end = () => void (isOver = true);
  over?.then(end, end);
  const { data } = object[parcel]();
  const [first] = data as [SharedArrayBuffer | [SharedArrayBuffer]];
  const words = new Int32Array(first instanceof SharedArrayBuffer ? first : first[0]);
  const places = at + Journal.SIZE + 2 * lines;
  for (;;) {
    let found = 0;
    for (let i = 0; i < PLACES; i++) {
      const place = places + 6 * i;
      if (Atomics.load(words, place) !== 0) found += Atomics.load(words, place + 1);
    }
    if (found === count || isOver) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Where the lines of a lock begin. */
export const OF_LOCK = { at: 3 };
/** Where the lines of a condition begin. */
export const OF_CONDITION = { at: 0 };
/** Where the lines of a queue begin. */
export const OF_QUEUE = { at: 64, lines: 3 };
/** Where the line of a semaphore begins. */
export const OF_SEMAPHORE = { at: 66 };
