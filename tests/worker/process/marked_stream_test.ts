import { assert, assertEquals } from "@std/assert";
import { makeMark, MarkedReader, MarkedWriter } from "../../../lib/worker/process/marked_stream.ts";
import { describeValue, MessageReader } from "../../../lib/worker/process/message_frames.ts";
import { decodeValue, encodeValue } from "../../../lib/worker/process/value_codec.ts";

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

/** Read a stream in parts of `size` bytes. */
function readAll(mark: Uint8Array, stream: Uint8Array, size: number) {
  const own: Uint8Array[] = [];
  const foreign: Uint8Array[] = [];
  const reader = new MarkedReader(
    mark,
    (bytes) => own.push(bytes.slice()),
    (bytes) => foreign.push(bytes.slice()),
  );
  for (let at = 0; at < stream.byteLength; at += size) reader.push(stream.subarray(at, at + size));
  reader.end();
  return { own: join(own), foreign: join(foreign) };
}

const SIZES = [1, 2, 3, 7, 11, 12, 13, 100, 4095, 4096, 4097, 65536];

Deno.test("What is written comes out, and what others write in between is told from it", () => {
  const mark = makeMark();
  const parts: Uint8Array[] = [];
  const noise: Uint8Array[] = [];
  const say = (bytes: Uint8Array) => {
    parts.push(bytes);
    noise.push(bytes);
  };
  // Each of these looks like a mark for a while.
  const disguised = [1, 4, 7].flatMap((n) => [mark.slice(0, n), new Uint8Array([0xff, 0xff])]);
  const writer = new MarkedWriter(mark, (piece) => {
    assert(piece.byteLength <= 4096);
    parts.push(piece.slice());
    say(new TextEncoder().encode("a line of somebody else's\n"));
    for (const bytes of disguised) say(bytes);
  });
  const data = crypto.getRandomValues(new Uint8Array(30_000));
  for (let at = 0, size = 1; at < data.byteLength; at += size, size = size * 2 % 9973) {
    writer.add(data.subarray(at, at + size));
    if (size % 3 === 0) writer.flush();
  }
  writer.flush();
  writer.flush();
  say(mark.slice(0, 5));
  const stream = join(parts);
  for (const size of SIZES) {
    const { own, foreign } = readAll(mark, stream, size);
    assertEquals(own, data);
    assertEquals(foreign, join(noise));
  }
});

Deno.test("A mark that has its first byte twice is found behind part of itself", () => {
  const mark = new Uint8Array([0xff, 0xff, 1, 0xff, 0xff, 1, 2, 3]);
  const pieces: Uint8Array[] = [];
  const writer = new MarkedWriter(mark, (piece) => pieces.push(piece.slice()));
  writer.add(new Uint8Array([42]));
  writer.flush();
  for (let start = 1; start < mark.byteLength; start++) {
    const before = mark.slice(0, start);
    for (const size of SIZES) {
      const { own, foreign } = readAll(mark, join([before, ...pieces]), size);
      assertEquals(own, new Uint8Array([42]));
      assertEquals(foreign, before);
    }
  }
});

Deno.test("Values come out of the bytes however these are cut", () => {
  const values = [1, "two", { three: new Uint8Array(5_000).fill(3) }, [], new Map([[1, 2]]), [
    new Float64Array(1_000),
    new Uint8Array(4_096),
    new Uint8Array(3),
  ]];
  const stream = join(values.flatMap((value, i) => {
    const encoded = encodeValue(value);
    if (i % 2 === 0) return [describeValue(encoded, 0, encoded.head), ...encoded.buffers];
    return [describeValue(encoded), encoded.head, ...encoded.buffers];
  }));
  for (const size of SIZES) {
    const read: unknown[] = [];
    const reader = new MessageReader((head, buffers) => read.push(decodeValue(head, buffers)));
    for (let at = 0; at < stream.byteLength; at += size) {
      reader.push(stream.subarray(at, at + size));
    }
    assertEquals(read, values);
  }
});

Deno.test("Room in front of a value is left free", () => {
  const encoded = encodeValue([1]);
  const bytes = describeValue(encoded, 8, encoded.head);
  assertEquals(bytes.slice(0, 8), new Uint8Array(8));
  assertEquals(bytes.slice(8), describeValue(encoded, 0, encoded.head));
});
