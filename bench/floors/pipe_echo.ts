/** The child process of the floor: sends back the numbers it gets, and of bytes their number. */
import { deserialize, serialize } from "node:v8";
import { readFrames, writeFrame } from "./frames.ts";

const writer = Deno.stdout.writable.getWriter();
for await (const frame of readFrames(Deno.stdin.readable.getReader())) {
  const value = deserialize(frame) as number | Uint8Array;
  const answer = typeof value === "number" ? value : value.byteLength;
  await writeFrame((bytes) => writer.write(bytes), serialize(answer));
}
