import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { Connection, InvalidStateError, pipe } from "../../mod.ts";
import { makeChannel } from "../../lib/wire/message_channel.ts";
import { PipePort } from "../../lib/wire/pipe_port.ts";
import { accept, claim, join, publish, retract } from "../../lib/wire/resource_sharer.ts";
import { randomSource } from "./random_values.ts";

const huge: unknown[] = [];
huge.length = 4_000_000_000;

/** What nobody sends who keeps to the rules, and parts of it. */
const PARTS: unknown[] = [
  undefined,
  "text",
  -1,
  NaN,
  2 ** 53,
  true,
  {},
  [],
  huge,
  new Map(),
  new Error("raw"),
  { kind: "Connection", data: 1 },
  { kind: "SharedLock", data: [new SharedArrayBuffer(1)] },
  { kind: "no such", data: null },
  { classes: 1, message: {}, stack: [], fields: [[1]] },
  { classes: [{ module: 1 }], message: "m", stack: "s", fields: [["a"], 2] },
];

function randomMessage(random: (below: number) => number, depth = 3): unknown {
  const part = () => depth === 0 ? PARTS[random(PARTS.length)] : randomMessage(random, depth - 1);
  switch (random(5)) {
    case 0:
      return PARTS[random(PARTS.length)];
    case 1:
      return Array.from({ length: random(4) }, part);
    case 2:
      return { value: part(), marks: part(), boxes: part() };
    case 3:
      return [{ value: part(), marks: [{}], boxes: [part()] }, true];
    default:
      return [random(12) - 1, part(), part()];
  }
}

Deno.test("What no end of a pipe sends ends that pipe, and nothing else", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    // Deno takes nothing for the end of a port.
    const message = randomMessage(randomSource(seed)) ?? 0;
    const { port1, port2 } = makeChannel();
    const end = new Connection<unknown>(new PipePort(port1));
    const received = end.recv().then(() => undefined, (error) => error);
    port2.postMessage(message);
    const error = await received;
    if (error !== undefined) {
      assertInstanceOf(error, InvalidStateError, `seed ${seed}`);
      assert(error.message.includes("cannot be read"), `seed ${seed}: ${error.message}`);
      assertInstanceOf(error.cause, Error);
      await assertRejects(() => end.recv(), InvalidStateError);
      await assertRejects(async () => {
        for await (const _ of end);
      }, InvalidStateError);
    }
    end.close();
    port2.close();
  }
  const [here, there] = pipe<number>();
  await here.send(1);
  assertEquals(await there.recv(), 1);
  here.close();
  there.close();
});

Deno.test("What no thread writes to another is for nobody, and harms nothing", () => {
  const mailbox = makeChannel();
  const bell = makeChannel();
  join([[[mailbox.port2, bell.port2]], []]);
  const number = publish(["kept"]);
  for (let seed = 1; seed <= 300; seed++) {
    const message = randomMessage(randomSource(seed));
    // News of what is published and gone is honest, whatever the number.
    const [kind, what] = Array.isArray(message) ? message : [];
    if (kind !== 0 && kind !== 1 || typeof what !== "number") mailbox.port1.postMessage(message);
  }
  assertEquals(claim(0), undefined);
  assertEquals(claim(number), ["kept"]);
  retract(number);
  for (let seed = 1; seed <= 300; seed++) {
    const handshake = randomMessage(randomSource(seed));
    if (!Array.isArray(handshake) || handshake[0] === undefined) continue;
    try {
      accept(handshake as never);
    } catch (error) {
      assertInstanceOf(error, TypeError, `seed ${seed}`);
    }
  }
  for (const port of [mailbox.port1, bell.port1, mailbox.port2, bell.port2]) port.close();
});
