import { assertEquals } from "@std/assert";
import { builtin, provideBuiltin } from "../../lib/base/builtins.ts";
import {
  claim,
  disconnect,
  type Handshake,
  join,
  shakeHands,
} from "../../lib/wire/resource_sharer.ts";
import { makeChannel } from "../../lib/wire/message_channel.ts";

interface Threads {
  MessageChannel: unknown;
  receiveMessageOnPort(port: MessagePort): { message: unknown } | undefined;
}

Deno.test("What is gone is forgotten, also if that is read before what was entrusted", async () => {
  const threads = builtin<Threads>("node:worker_threads")!;
  const letters = [makeChannel(), makeChannel()];
  const bells = [makeChannel(), makeChannel()];
  let looked = 0;
  provideBuiltin("node:worker_threads", {
    MessageChannel: threads.MessageChannel,
    receiveMessageOnPort(port: MessagePort) {
      const letter = threads.receiveMessageOnPort(port);
      // One thread entrusts, and another takes, between two looks of this one.
      if (++looked === 1) {
        letters[0]!.port1.postMessage([0, 7, ["goods"]]);
        letters[1]!.port1.postMessage([1, 7]);
      }
      return letter;
    },
  });
  try {
    join([letters.map(({ port2 }, i) => [port2, bells[i]!.port2]), []]);
    looked = 0;
    assertEquals(claim(1), undefined);
    let store: unknown;
    const newcomer = shakeHands((handshake: Handshake, transfer) => {
      store = handshake[1];
      for (const port of transfer as MessagePort[]) port.close();
    });
    assertEquals(store, []);
    disconnect(newcomer);
    // The two were told of the newcomer, and have its ports.
    for (const { port1 } of letters) {
      for (let read = threads.receiveMessageOnPort(port1); read !== undefined;) {
        const [, sent] = read.message as [number, unknown];
        if (Array.isArray(sent)) { for (const port of sent as MessagePort[]) port.close(); }
        read = threads.receiveMessageOnPort(port1);
      }
    }
  } finally {
    provideBuiltin("node:worker_threads", threads);
    const closed = bells.map(({ port2 }) =>
      new Promise((resolve) => port2.addEventListener("close", resolve))
    );
    for (const { port1 } of [...letters, ...bells]) port1.close();
    await Promise.all(closed);
  }
});
