/**
 * A chat over TCP: what one client writes, all the others hear. Each has a queue of its own, so that
 * one who reads slowly holds up nobody, and is dropped once it is too far behind.
 *
 * Python: `asyncio.start_server`, an `asyncio.Queue` for each client, and a `TaskGroup`.
 *
 * Run it: `deno run --allow-net=127.0.0.1 examples/23_broadcast_hub.ts`
 *
 * @module
 */
import {
  cancellable,
  ensureFuture,
  Event,
  Queue,
  QueueFull,
  run,
  sleep,
  TaskGroup,
  timeout,
} from "@strand/strand";
import { linesOf } from "./support/lines.ts";

const MOST_BEHIND = 100;

/** Hands what is sent to all who listen. */
class Hub {
  readonly #queues = new Map<string, Queue<string>>();

  get size(): number {
    return this.#queues.size;
  }

  join(name: string): Queue<string> {
    const queue = new Queue<string>(MOST_BEHIND);
    this.#queues.set(name, queue);
    return queue;
  }

  /** Never waits: a queue that is full is that of a client who does not keep up. */
  send(from: string, text: string): void {
    for (const [name, queue] of this.#queues) {
      if (name === from) continue;
      try {
        queue.putNowait(`${from}: ${text}`);
      } catch (error) {
        if (!(error instanceof QueueFull)) throw error;
        this.leave(name);
      }
    }
  }

  leave(name: string): void {
    this.#queues.get(name)?.shutdown(); // ends the loop of its writer
    this.#queues.delete(name);
  }
}

const encoder = new TextEncoder();

async function write(connection: Deno.Conn, text: string): Promise<void> {
  for (let bytes = encoder.encode(`${text}\n`); bytes.length > 0;) {
    bytes = bytes.subarray(await ensureFuture(connection.write(bytes)));
  }
}

/** One client: a task that reads and one that writes; the end of the first ends the second. */
async function serve(connection: Deno.Conn, hub: Hub): Promise<void> {
  using _ = connection;
  const lines = linesOf(cancellable(connection.readable))[Symbol.asyncIterator]();
  const { value: name, done } = await timeout(10_000, () => lines.next());
  if (done) return;
  const queue = hub.join(name);
  await TaskGroup.run(async (group) => {
    group.createTask(async () => {
      for await (const text of queue) await write(connection, text);
    }, { name: `writer of ${name}` });
    try {
      for (let line = await lines.next(); !line.done; line = await lines.next()) {
        hub.send(name, line.value);
      }
    } finally {
      hub.leave(name);
    }
  });
}

/** Accepts clients until the task is cancelled; a client that breaks off harms no other. */
export async function listen(listener: Deno.Listener, hub: Hub): Promise<void> {
  await TaskGroup.run(async (group) => {
    for await (const connection of cancellable(listener)) {
      group.createTask(async () => {
        try {
          await serve(connection, hub);
        } catch (error) {
          if (group.signal.aborted) throw error;
          console.error(`A client was lost: ${error}`);
        }
      });
    }
  });
}

/** A client of the program itself, so that it shows something by itself. */
async function client(port: number, name: string, ready: Event, say: string[]): Promise<string[]> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await write(connection, name);
  await ready.wait();
  for (const text of say) await write(connection, text);
  const heard: string[] = [];
  for await (const line of linesOf(cancellable(connection.readable))) {
    heard.push(line);
    if (heard.length === 4) break;
  }
  return heard;
}

async function main(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hub = new Hub();
  await TaskGroup.run(async (group) => {
    group.createTask(() => listen(listener, hub), { name: "server" });
    const ready = new Event();
    const clients = ["Ada", "Ben", "Cleo"].map((name) =>
      group.createTask(() =>
        client(listener.addr.port, name, ready, [`I am ${name}`, `Goodbye from ${name}`])
      )
    );
    await timeout(10_000, async () => {
      while (hub.size < 3) await sleep(1);
    });
    ready.set();
    for (const one of clients) console.log((await one).toSorted().join(", "));
    group.cancel(); // the server
  });
}

if (import.meta.main) await run(main);
