import { startTimer } from "../../base/clock.ts";
import { makeMark, MarkedReader } from "./marked_stream.ts";
import { describeValue, MessageReader } from "./message_frames.ts";
import { decodeValue, type EncodedValue, encodeValue } from "./value_codec.ts";
import { type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import type { Host, HostedWorker, WorkerListener } from "../hosts/host.ts";
import { sharedFlags } from "./process_command.ts";
import { checkRun, permissionFlags } from "../permissions/permissions.ts";
import type { WorkerPermissions } from "../hosts/web.ts";

/** Below so many bytes, a message goes out in one piece with what describes it. */
const SMALL = 64 * 1024;

/** How many bytes of the last words of a process are kept, to say what it died of. */
const LAST_WORDS = 4096;

/** How long what a dead process had written may take to be read, in milliseconds. */
const LEGACY_MS = 100;

/** Workers that are processes of the same runtime. */
export class ProcessHost implements Host {
  readonly sharesMemory = false;
  readonly #command: string;
  readonly #args: string[];

  /**
   * @throws {TypeError} If there can be no such processes here, or `permissions` is none.
   * @throws {Deno.errors.NotCapable} If the permission to run them is missing, or `permissions`
   *   asks for more than this program has.
   */
  constructor(what: string, permissions?: WorkerPermissions) {
    if (typeof Deno !== "object") {
      throw new TypeError(`Cannot ${what}: this needs the runtime to be Deno`);
    }
    if (Deno.build.standalone) {
      throw new TypeError(`Cannot ${what}: a compiled program cannot start the runtime`);
    }
    this.#command = Deno.execPath();
    const flags = permissionFlags(what, permissions);
    checkRun(what, this.#command);
    const entry = new URL("../entry_process.ts", import.meta.url).href;
    const silent = ["--quiet", "--no-prompt", "--no-check"];
    this.#args = ["run", ...silent, ...sharedFlags(), ...flags, entry];
  }

  spawn(_name: string, listener: WorkerListener): HostedWorker {
    return new ProcessWorker(this.#command, this.#args, listener);
  }
}

class ProcessWorker implements HostedWorker {
  readonly table: undefined = undefined;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #listener: WorkerListener;
  #killed = false;
  #lastWords = new Uint8Array(0);
  #fault: unknown = undefined;

  constructor(command: string, args: string[], listener: WorkerListener) {
    this.#listener = listener;
    // Its answers come through standard error; standard output is that of this program.
    this.#child = new Deno.Command(command, { args, stdin: "piped", stderr: "piped" }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    const mark = makeMark();
    this.#send(encodeValue(mark), 0);
    this.#live(mark);
  }

  post(message: ToWorker, transfer?: Transferable[]): void {
    const stop = message[0] === ToWorkerKind.Cancel ? message[1] + 1 : 0;
    this.#send(encodeValue(message, transfer), stop);
  }

  ref(): void {
    this.#hold(true);
  }

  unref(): void {
    this.#hold(false);
  }

  kill(): void {
    if (this.#killed) return;
    this.#killed = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }

  #hold(held: boolean): void {
    try {
      if (held) this.#child.ref();
      else this.#child.unref();
    } catch {
      // It has ended, and the news of it is on its way.
    }
  }

  #send(encoded: EncodedValue, stop: number): void {
    const { head, buffers } = encoded;
    const small = head.byteLength <= SMALL;
    const room = 8;
    const front = describeValue(encoded, room, small ? head : undefined);
    new DataView(front.buffer).setInt32(0, stop, true);
    this.#write(front);
    if (!small) this.#write(head);
    for (const buffer of buffers) this.#write(buffer);
  }

  #write(bytes: Uint8Array<ArrayBuffer>): void {
    // One that is gone takes nothing more; that is heard of in another way.
    this.#writer.write(bytes).catch(() => {});
  }

  async #live(mark: Uint8Array): Promise<void> {
    const reader = this.#child.stderr.getReader();
    const reading = this.#read(reader, mark);
    const status = await this.#child.status;
    // A process that it started may hold the pipe open.
    const timer = startTimer(LEGACY_MS, () => reader.cancel().catch(() => {}));
    await reading;
    timer.stop();
    this.#writer.abort().catch(() => {});
    this.#listener.onExit(this.#cause(status));
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, mark: Uint8Array): Promise<void> {
    const messages = new MessageReader((head, buffers) => this.#receive(head, buffers));
    const marked = new MarkedReader(
      mark,
      (bytes) => messages.push(bytes),
      (bytes) => this.#passOn(bytes),
    );
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        marked.push(value);
      }
    } catch (error) {
      this.#fault ??= error;
      this.kill();
    }
    marked.end();
  }

  #receive(head: Uint8Array, buffers: ArrayBuffer[]): void {
    if (this.#killed) return;
    // What it wrote while it was well is not what it died of.
    this.#lastWords = new Uint8Array(0);
    this.#listener.onMessage(decodeValue(head, buffers) as FromWorker);
  }

  /** What it wrote to standard error belongs on ours. */
  #passOn(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#lastWords.byteLength + bytes.byteLength);
    all.set(this.#lastWords);
    all.set(bytes, this.#lastWords.byteLength);
    this.#lastWords = all.slice(-LAST_WORDS);
    try {
      for (let at = 0; at < bytes.byteLength;) at += Deno.stderr.writeSync(bytes.subarray(at));
    } catch {
      // Nobody listens.
    }
  }

  #cause({ code, signal }: Deno.CommandStatus): unknown {
    if (this.#fault !== undefined) return this.#fault;
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const words = new TextDecoder().decode(this.#lastWords).trim();
    return new Error(words === "" ? `The process ${how}` : `The process ${how}: ${words}`);
  }
}
