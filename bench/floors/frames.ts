/** Messages on a stream of bytes, each behind its length. */

type Reader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/** Write one message. */
export async function writeFrame(
  write: (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>,
  body: Uint8Array,
): Promise<void> {
  const frame = new Uint8Array(4 + body.byteLength);
  new DataView(frame.buffer).setUint32(0, body.byteLength);
  frame.set(body, 4);
  await write(frame);
}

/** Read messages until the stream ends. */
export async function* readFrames(reader: Reader): AsyncGenerator<Uint8Array, undefined> {
  let head = new Uint8Array(4);
  let missing = 4;
  let body: Uint8Array | undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    for (let at = 0; at < value.byteLength;) {
      const part = value.subarray(at, at + missing);
      const target = body ?? head;
      target.set(part, target.byteLength - missing);
      missing -= part.byteLength;
      at += part.byteLength;
      if (missing > 0) break;
      if (body === undefined) {
        missing = new DataView(head.buffer).getUint32(0);
        body = new Uint8Array(missing);
      } else {
        yield body;
        body = undefined;
        head = new Uint8Array(4);
        missing = 4;
      }
    }
  }
}
