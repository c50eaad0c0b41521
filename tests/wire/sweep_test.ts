/**
 * Every place at which a cancellation can meet a wait at an end of a pipe: no message is lost or
 * doubled, and the next one gets through.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { createTask, pipe } from "../../mod.ts";
import { giveWay, settle } from "../support/settled.ts";
import { type Scene, sweep } from "../support/sweep.ts";

for (const place of [0, 1, 2]) {
  for (const verb of ["recv", "poll", "iterate"] as const) {
    Deno.test(`sweep: Connection, ${verb}, the one at place ${place} of three`, async () => {
      const begin = async (): Promise<Scene> => {
        const [here, there] = pipe<number>();
        for (let n = 0; n < 6; n++) await there.send(n);
        // Microtasks alone bring no message: from here on they are all there.
        await here.poll(Infinity);
        await settle();
        const got: number[] = [];
        const readers = [0, 1, 2].map(() =>
          createTask(async () => {
            let count = 0;
            if (verb === "iterate") {
              for await (const n of here) {
                got.push(n);
                if (++count === 2) break;
              }
              return;
            }
            for (; count < 2; count++) {
              if (verb === "poll") assert(await here.poll(1_000_000));
              got.push(await here.recv());
              await giveWay();
            }
          })
        );
        return {
          victim: readers[place]!,
          others: readers,
          async check() {
            for (const [i, reader] of readers.entries()) {
              assertEquals(reader.cancelled() && i !== place, false);
              if (!reader.cancelled()) reader.result();
            }
            while (await here.poll()) got.push(await here.recv());
            const iterated = verb === "iterate" && readers[place]!.cancelled();
            // But for the one in the very hands of the iteration that was cancelled.
            assert(got.length >= (iterated ? 5 : 6), `only ${got} came`);
            assertEquals(new Set(got).size, got.length);
            const next = createTask(() => here.recv());
            await there.send(7);
            assertEquals(await next, 7);
            here.close();
            there.close();
            await settle();
          },
        };
      };
      assert(await sweep(begin) >= 8);
    });
  }
}
