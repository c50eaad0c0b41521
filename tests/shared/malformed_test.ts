/**
 * What nobody has written properly: bytes, a ring and handles that something else has got at.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createTask, SharedLock, SharedQueue, SharedSemaphore } from "../../mod.ts";
import { parcel, revive } from "../../lib/wire/shareable.ts";
import { ValueReader } from "../../lib/shared/codec/value_reader.ts";
import { ValueWriter } from "../../lib/shared/codec/value_writer.ts";
import { QueueProtocol } from "../../lib/shared/protocol/queue_protocol.ts";
import { Random } from "../support/random.ts";
import { settle } from "../support/settled.ts";

const BYTE = 255;

Deno.test("Malformed: 20,000 values of random bytes are read, or refused with an error", () => {
  const random = new Random(1);
  const reader = new ValueReader();
  let refused = 0;
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: random.int(0, 39) }, () => random.int(0, BYTE));
    // Mostly tags, since most bytes are none.
    if (i % 2 === 0) { for (let k = 0; k < bytes.length; k += 2) bytes[k]! %= 23; }
    try {
      reader.read(bytes);
    } catch (error) {
      assert(error instanceof Error);
      refused++;
    }
  }
  assert(refused > 0 && refused < 20_000, "nothing is tried");
});

Deno.test("Malformed: a value of which bytes were changed is read, or refused with an error", () => {
  const random = new Random(2);
  const writer = new ValueWriter();
  const reader = new ValueReader();
  const value = {
    list: [1, 2.5, "text", "ü".repeat(40), null, undefined, 2n ** 70n],
    map: new Map<unknown, unknown>([[{}, new Set([1])]]),
    bytes: new Uint8Array(20),
    error: new RangeError("no"),
    date: new Date(0),
    regexp: /a/g,
  };
  for (let i = 0; i < 5_000; i++) {
    const length = writer.write(value);
    const bytes = writer.bytes.slice(0, random.chance(0.25) ? random.int(0, length - 1) : length);
    for (let k = random.int(0, 3); k >= 0 && bytes.length > 0; k--) {
      bytes[random.int(0, bytes.length - 1)] = random.int(0, BYTE);
    }
    try {
      reader.read(bytes);
    } catch (error) {
      assert(error instanceof Error);
    }
  }
});

/** Where the ring begins, in words. */
const RING = Math.ceil(QueueProtocol.SIZE / 16) * 16;

function ringOf(queue: SharedQueue<unknown>): Int32Array {
  const { data } = queue[parcel]();
  const [[buffer]] = data as [[SharedArrayBuffer]];
  return new Int32Array(buffer).subarray(RING);
}

for (
  const [what, kind, length] of [
    ["of a kind that there is not", 77, 8],
    ["longer than the ring", 2, 2 ** 30],
    ["of a length below 0", 2, -8],
  ] as const
) {
  Deno.test(`Malformed: an item ${what} rejects each get, and holds nobody up`, async () => {
    const queue = new SharedQueue<unknown>({ capacity: 1_024 });
    const ring = ringOf(queue);
    queue.putNowait("text");
    ring[0] = kind;
    ring[1] = length;
    for (let i = 0; i < 3; i++) {
      await assertRejects(() => queue.get(), Error, "its memory was overwritten");
      assertThrows(() => queue.getNowait(), Error, "its memory was overwritten");
    }
    assertEquals(queue.qsize(), 1);
    queue.putNowait(1);
  });

  Deno.test(`Malformed: an item ${what} rejects a get that waits`, async () => {
    const queue = new SharedQueue<unknown>({ capacity: 1_024 });
    const ring = ringOf(queue);
    const waiting = createTask(() => queue.get());
    await settle();
    queue.putNowait("text");
    ring[0] = kind;
    ring[1] = length;
    await assertRejects(() => Promise.resolve(waiting), Error, "its memory was overwritten");
    await assertRejects(() => queue.get(), Error, "its memory was overwritten");
  });
}

Deno.test("Malformed: a handle that is none makes no object, and harms no other", async () => {
  const [buffer, offset, deathLog] = new SharedLock()[parcel]().data as unknown[];
  const wrong: unknown[] = [
    undefined,
    null,
    7,
    [],
    [buffer, offset],
    [buffer, offset, new SharedArrayBuffer(4), false],
    [buffer, offset, {}, false],
    [{}, offset, deathLog, false],
    [buffer, 1, deathLog, false],
    [buffer, 2 ** 31, deathLog, false],
  ];
  for (const data of wrong) assertThrows(() => revive("SharedLock", data), Error);
  assertThrows(() => revive("SharedNothing", []), TypeError, '"SharedNothing" is unknown');
  using _ = await new SharedLock().acquire();
  using __ = await new SharedSemaphore().acquire();
});
