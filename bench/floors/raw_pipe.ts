import { deserialize, serialize } from "node:v8";
import { readFrames, writeFrame } from "./frames.ts";

/**
 * Calls to a bare child process: a serialised value down its standard input, one back from its
 * standard output. What a call to another process costs at least.
 */
export class RawPipe {
  readonly #child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", new URL("./pipe_echo.ts", import.meta.url).href],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  readonly #writer = this.#child.stdin.getWriter();
  readonly #frames = readFrames(this.#child.stdout.getReader());

  /** Send a value; gives a number back as it is, and of bytes their number. */
  async call(value: number | Uint8Array): Promise<unknown> {
    await writeFrame((bytes) => this.#writer.write(bytes), serialize(value));
    const { value: frame } = await this.#frames.next();
    return deserialize(frame!);
  }

  /** End it. */
  async stop(): Promise<void> {
    await this.#writer.close();
    await this.#frames.next();
    await this.#child.status;
  }
}
