/**
 * What `hostile_test.ts` says of one host, through the pipe of a real process: user code got hold of
 * the mark by which the pool tells messages from what else is written to standard error.
 */
import { assertEquals, assertRejects } from "@std/assert";
import { ProcessPool, WorkerCrashedError } from "../../../mod.ts";

interface V8 {
  serialize(value: unknown): Uint8Array;
}

/** Sends something else instead of the next answer; travels as source. */
const hijack = (which: number) => {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): unknown };
  };
  const { serialize } = process.getBuiltinModule("node:v8") as V8;
  const long = () => Object.assign([], { length: 2 ** 32 - 1 });
  const frame = (head: Uint8Array, length = head.length, buffers = 0, ...lengths: number[]) => {
    const front = new DataView(new ArrayBuffer(8 + 8 * lengths.length));
    front.setUint32(0, length, true);
    front.setUint32(4, buffers, true);
    lengths.forEach((each, i) => front.setFloat64(8 + 8 * i, each, true));
    return new Uint8Array([...new Uint8Array(front.buffer), ...head]);
  };
  const ofValue = (value: unknown) => () => frame(serialize(value));
  const nothing = new Uint8Array(0);
  const noise = Uint8Array.from({ length: 64 }, (_, i) => i * 37);
  const HOSTILE: (() => Uint8Array)[] = [
    ...[
      null,
      "text",
      [],
      [99],
      [0],
      [2, 7_000, 1],
      [2, -1, 1],
      [2, 0, { value: 1, marks: long(), boxes: long() }, true],
      [3, 0, null, false],
      [4, 0, long(), 1],
      [5, 0, 1],
      [7],
      [8, null, null],
      [8, [1], [2]],
      // Strings, numbers and objects in the place of others.
      ["2", 0, 1],
      [2, "0", 1],
      [2, 0, { value: 1, marks: [{}], boxes: [{ kind: "SharedLock", data: [] }] }, true],
      [2, 0, { value: 1, marks: [{}], boxes: [{ classes: 1 }] }, true],
    ].map(ofValue),
    // No value at all.
    () => frame(noise),
    () => frame(nothing),
    () => frame(new Uint8Array([0xff, 0x0f])),
    // A buffer that nobody refers to, of a length that there is not, and more than there can be.
    () => frame(serialize([2, 0, 1]), undefined, 1, -1),
    () => frame(serialize([2, 0, 1]), undefined, 1, 2 ** 60),
    () => frame(serialize([2, 0, 1]), undefined, 1, Infinity),
    () => frame(nothing, 4, 2 ** 32 - 1),
    // The beginning of something very long, and then the end.
    () => frame(noise, 2 ** 32 - 1),
    () => frame(noise, 4, 1, 2 ** 32),
  ];
  if (which === -1) return HOSTILE.length;
  const { prototype } = Uint8Array;
  const { subarray } = prototype;
  prototype.subarray = function (this: Uint8Array, ...range) {
    // The mark, the length of what follows, and the answer: 4,096 bytes are reserved for them.
    if (this.length !== 4096 || this[0] !== 0xff) return subarray.apply(this, range) as never;
    prototype.subarray = subarray;
    const bytes = HOSTILE[which]!();
    const piece = new Uint8Array([...this.slice(0, 8), 0, 0, 0, 0, ...bytes]);
    new DataView(piece.buffer).setUint32(8, bytes.length, true);
    Deno.stderr.writeSync(piece);
    if (which >= HOSTILE.length - 2) Deno.exit(0);
    return new Uint8Array(0);
  };
  return 0;
};

Deno.test("process: one that sends nonsense is ended, and nothing else", async () => {
  await using pool = new ProcessPool(1);
  const count = await pool.submit(hijack, -1);
  for (let which = 0; which < count; which++) {
    await assertRejects(
      () => pool.submit(hijack, which),
      WorkerCrashedError,
      undefined,
      `message ${which}`,
    );
    assertEquals(await pool.submit((n: number) => n + 1, which), which + 1);
  }
  assertEquals(pool.stats.crashed, count);
});
