import { assert, assertEquals, assertRejects } from "@std/assert";
import { WorkerCrashedError, WorkerPool } from "@strand/strand";
import { makeChannel } from "../../../lib/wire/message_channel.ts";
import { type PortThread, PortWorker } from "../../../lib/worker/hosts/port_worker.ts";
import type { Boot } from "../../../lib/worker/protocol.ts";

/** A thread that the test plays: it says what it likes. */
class PlayedThread implements PortThread {
  port: MessagePort | undefined;
  terminated = 0;

  start(boot: Boot): this {
    this.port = boot[0];
    return this;
  }

  terminate(): void {
    this.terminated++;
    this.port?.close();
  }
}

Deno.test("What a listener cannot take ends its own worker, with the error as the cause", async () => {
  const thread = new PlayedThread();
  const nonsense = new Error("This makes no sense");
  const cause = await new Promise((resolve) => {
    const worker = new PortWorker({
      onMessage() {
        throw nonsense;
      },
      onExit: resolve,
    }, (boot) => thread.start(boot));
    assert(worker.table !== undefined);
    thread.port!.postMessage("nonsense");
  });
  assertEquals(cause, nonsense);
  assert(thread.terminated > 0);
});

Deno.test("A worker says all that it had said before its end is heard of", async () => {
  const said: unknown[] = [];
  const thread = new PlayedThread();
  await new Promise<void>((resolve) => {
    new PortWorker({
      onMessage: (message) => said.push(message),
      onExit: () => {
        said.push("end");
        resolve();
      },
    }, (boot, events) => {
      for (const message of [1, 2, 3]) boot[0].postMessage(message);
      queueMicrotask(() => events.onEnd());
      return thread.start(boot);
    });
  });
  assertEquals(said, [1, 2, 3, "end"]);
});

Deno.test("The end is told once, whoever tells of it", async () => {
  let ends = 0;
  const { port1, port2 } = makeChannel();
  await new Promise<void>((resolve) => {
    const worker = new PortWorker({
      onMessage: () => {},
      onExit: () => {
        ends++;
        setTimeout(resolve, 5);
      },
    }, (boot, events) => {
      const thread = new PlayedThread().start(boot);
      queueMicrotask(() => {
        events.onError(new Error("first"));
        events.onEnd();
        events.onEnd();
        worker.kill();
      });
      return thread;
    });
  });
  port1.close();
  port2.close();
  assertEquals(ends, 1);
});

Deno.test("Nonsense from one worker costs only its own calls", async () => {
  await using pool = new WorkerPool({ maxWorkers: 2 });
  const other = pool.submit(() => "fine");
  const rogue = pool.submit(() => {
    // Whatever goes out from here on is none of the protocol.
    MessagePort.prototype.postMessage = new Proxy(MessagePort.prototype.postMessage, {
      apply: (post, port) => Reflect.apply(post, port, [null]),
    });
    return { some: "object" };
  });
  await assertRejects(() => rogue, WorkerCrashedError);
  assertEquals(await other, "fine");
  assertEquals(await pool.submit((n: number) => n + 1, 1), 2);
});
