import { assertRejects, assertThrows } from "@std/assert";
import { Queue, TaskPool } from "../../mod.ts";

// An option that there is not is refused, with those there are and the one that was meant.
const pool = new TaskPool(1);
const fn = (n: number) => n;

for (
  const [name, misspelt, call, message] of [
    ["a task pool", { processes: 2 }, (o: object) => new TaskPool(o), "known are maxWorkers"],
    ["a task pool", { maxworkers: 2 }, (o: object) => new TaskPool(o), 'did you mean "maxWorkers"'],
    ["apply", { timeOut: 2 }, (o: object) => pool.apply(fn, [1], o), 'did you mean "timeout"'],
    ["map", { chunkSize: 2 }, (o: object) => pool.map(fn, [1], o), 'did you mean "chunksize"'],
    ["starmap", { wait: true }, (o: object) => pool.starmap(fn, [[1]], o), "known are signal"],
    ["mapUnordered", { buffer: 1 }, (o: object) => pool.mapUnordered(fn, [1], o), "known are"],
    ["Queue.shutdown", { imediate: true }, (o: object) => new Queue().shutdown(o), '"immediate"'],
  ] as [string, object, (options: object) => unknown, string][]
) {
  Deno.test(`${name}: refuses the unknown option ${Object.keys(misspelt)}`, () => {
    const key = Object.keys(misspelt)[0];
    const error = assertThrows(() => call(misspelt), TypeError, `unknown option "${key}"`);
    assertThrows(
      () => {
        throw error;
      },
      TypeError,
      message,
    );
  });
}

Deno.test("shutdown: refuses an unknown option, and has shut nothing down", async () => {
  const options = { cancel: true } as object;
  await assertRejects(() => pool.shutdown(options), TypeError, 'unknown option "cancel"');
  await pool.submit(fn, 1);
});
