/**
 * What the verbs of pools infer, `import` above all. Checked by `deno check`; nothing here runs.
 */
import {
  type Future,
  type MapResult,
  type ProcessPool,
  type Remote,
  type TaskPool,
  Thread,
  toThread,
  type WorkerPool,
} from "../../mod.ts";
import { is } from "./is.ts";

type Plain = typeof import("../worker/fixtures/plain.ts");

/** Everything that a module may export. */
interface Mixed {
  plain(n: number, s?: string): boolean;
  later(): Promise<number[]>;
  rest(...all: number[]): string;
  generic<T>(value: T): T[];
  readonly answer: number;
  Shape: new (n: number) => { n: number };
  readonly table: { nested(): void };
}

function imports(pool: WorkerPool | ProcessPool) {
  const plain = pool.import<Plain>(new URL("file:///plain.ts"));
  is<Remote<Plain>>()(plain, true);
  is<"isEven" | "later">()(null as unknown as keyof typeof plain, true);
  is<Future<boolean>>()(plain.isEven(4), true);
  is<Future<string>>()(plain.later("x"), true);
  is<(text: string) => Future<string>>()(plain.later, true);

  const mixed = pool.import<Mixed>("file:///mixed.ts");
  // Only functions can be called from elsewhere: neither values, nor classes, nor what is in objects.
  is<"plain" | "later" | "rest" | "generic">()(null as unknown as keyof typeof mixed, true);
  is<[n: number, s?: string | undefined]>()(
    null as unknown as Parameters<typeof mixed.plain>,
    true,
  );
  is<Future<boolean>>()(mixed.plain(1), true);
  is<Future<number[]>>()(mixed.later(), true);
  is<Future<string>>()(mixed.rest(1, 2, 3), true);
  // @ts-expect-error: it takes a number
  mixed.plain("1");
  // @ts-expect-error: there is no such function
  mixed.missing;
  // @ts-expect-error: a class is none
  mixed.Shape;
  // @ts-expect-error: stubs stay what they are
  mixed.plain = null as never;
  // @ts-expect-error: a path is no address
  pool.import<Mixed>(1);

  // Without a type every function is there, of any arguments.
  const untyped = pool.import("file:///any.js");
  const result = untyped.whatever(1, "two");
  is<typeof untyped>()(result, true);
}

async function verbs(pool: WorkerPool | ProcessPool | TaskPool) {
  const add = (a: number, b: number) => a + b;
  const later = (text: string) => Promise.resolve(text.length);
  is<Future<number>>()(pool.submit(add, 1, 2), true);
  is<Future<number>>()(pool.submit(later, "x"), true);
  is<Future<number>>()(pool.apply(add, [1, 2], { timeout: 1 }), true);
  is<MapResult<number>>()(pool.map(later, ["a", "b"]), true);
  is<MapResult<number>>()(pool.mapUnordered(later, new Set(["a"])), true);
  is<MapResult<number>>()(pool.starmap(add, [[1, 2]]), true);
  is<number[]>()(await pool.map(later, ["a"]), true);
  for await (const one of pool.map(later, ["a"])) is<number>()(one, true);
  // @ts-expect-error: one argument is missing
  pool.submit(add, 1);
  // @ts-expect-error: of another type
  pool.map(later, [1]);
  // @ts-expect-error: of another type
  pool.starmap(add, [["a", "b"]]);
}

async function others(pool: WorkerPool, processes: ProcessPool) {
  for (const owner of [pool, processes]) {
    for await (
      const n of owner.stream(function* (most: number) {
        yield most;
      }, 3)
    ) is<number>()(n, true);
  }
  is<Future<string>>()(toThread((n: number) => `${n}`, 1), true);
  const thread = new Thread((n: number) => `${n}`, { args: [1] });
  is<Promise<string>>()(thread.result(), true);
  // @ts-expect-error: of another type
  new Thread((n: number) => n, { args: ["1"] });
}

Deno.test("The types of the verbs of pools are what `deno check` holds them to", () => {
  for (const fn of [imports, verbs, others]) void fn;
});
