/**
 * Two threads at the two ends of a pipe.
 *
 * Python: `here, there = Pipe()`, `conn.send([42, None, "hello"])`, `conn.recv()`.
 *
 * Run it: `deno run --allow-read=. examples/07_pipe.ts`
 *
 * @module
 */
import { type Connection, pipe, remote, run, WorkerPool } from "@strand/strand";

/** Greets, then answers each number with its square until the other end closes. */
export const talk = remote(
  import.meta,
  async function talk(connection: Connection<unknown>): Promise<number> {
    await connection.send([42, null, "hello"]);
    let answers = 0;
    for await (const message of connection) {
      await connection.send(Number(message) ** 2);
      answers++;
    }
    return answers;
  },
);

async function main(): Promise<void> {
  await using pool = new WorkerPool(1);
  const [here, there] = pipe<unknown>();
  const answers = pool.submit(talk, there);

  console.log("received:", JSON.stringify(await here.recv()));
  for (const number of [3, 4]) {
    await here.send(number);
    console.log(`${number} squared is ${await here.recv()}`);
  }
  here.close();
  console.log(`the other end gave ${await answers} answers`);
}

if (import.meta.main) await run(main);
