import { square } from "./machines/square.ts";
import { openPython, type PythonPeer, versionOf } from "./machines/python_peer.ts";
import { openOurs, openRaw } from "./machines/rivals.ts";
import { bench, type Contender, contender, expect, strand } from "./support/comparison.ts";

const RAW = "BullMQ 6.7.0 by itself";
/** What the difference is made of. */
const remainder =
  "a thread runs the call, so that it never holds up the locks: two messages more, and " +
  "0.38 ms of the server's main thread for a call against 0.18 ms";
const AT_ONCE = 500;
const ONE_BY_ONE = 50;
const ITEMS = 100_000;

const numbers = (length: number) => Array.from({ length }, (_, n) => n);

type Ours = Awaited<ReturnType<typeof openOurs>>;
type Raw = Awaited<ReturnType<typeof openRaw>>;

const close = (state: Ours | Raw) => state.close();

const rawAtOnce = contender({
  name: RAW,
  kind: "peer",
  ops: AT_ONCE,
  open: openRaw,
  async run({ call }: Raw) {
    const results = await Promise.all(numbers(AT_ONCE).map(call));
    expect(results.at(-1), (AT_ONCE - 1) ** 2);
  },
  close,
});

type Python = Awaited<ReturnType<typeof openPython>>;

/** Celery and Dask, where they are installed. */
async function pythons(how: "together" | "one by one", ops: number): Promise<Contender[]> {
  const found: Contender[] = [];
  for (const peer of ["celery", "dask"] satisfies PythonPeer[]) {
    const version = await versionOf(peer);
    if (version === undefined) continue;
    found.push(contender({
      name: `${peer === "dask" ? "Dask distributed" : "Celery"} ${version}`,
      kind: "peer",
      ops,
      open: () => openPython(peer),
      run: async (state: Python) => expect(await state.run(how, ops), (ops - 1) ** 2),
      close: (state: Python) => state.close(),
    }));
  }
  return found;
}

export const comparisons = bench([
  {
    operation: "BullExecutor, 500 calls at once",
    ops: AT_ONCE,
    contenders: [
      strand({
        open: openOurs,
        async run({ executor }: Ours) {
          const results = await Promise.all(
            numbers(AT_ONCE).map((n) => executor.submit(square, n)),
          );
          expect(results.at(-1), (AT_ONCE - 1) ** 2);
        },
        close,
      }),
      rawAtOnce,
      ...await pythons("together", AT_ONCE),
    ],
    goals: [{ against: RAW, most: 1 / 0.8 }],
    remainder,
  },
  {
    operation: "BullExecutor, one call at a time",
    ops: ONE_BY_ONE,
    contenders: [
      strand({
        open: openOurs,
        async run({ executor }: Ours) {
          for (let n = 0; n < ONE_BY_ONE; n++) expect(await executor.submit(square, n), n * n);
        },
        close,
      }),
      contender({
        name: RAW,
        kind: "peer",
        open: openRaw,
        async run({ call }: Raw) {
          for (let n = 0; n < ONE_BY_ONE; n++) expect(await call(n), n * n);
        },
        close,
      }),
      ...await pythons("one by one", ONE_BY_ONE),
    ],
    goals: [{ against: RAW, most: 1 / 0.7 }],
    remainder,
  },
  {
    operation: "BullExecutor, map of 100,000 small items against as many jobs",
    ops: ITEMS,
    few: 3,
    contenders: [
      strand({
        open: openOurs,
        async run({ executor }: Ours) {
          const squares = await executor.map(square, numbers(ITEMS));
          expect(squares.at(-1), (ITEMS - 1) ** 2);
        },
        close,
      }),
      rawAtOnce,
    ],
    goals: [{ against: RAW, most: 1 / 50 }],
  },
]);
