import { startTimer } from "../../base/clock.ts";
import type { Host, HostedWorker, WorkerListener } from "../hosts/host.ts";
import type { WorkerPermissions } from "../permissions/worker_permissions.ts";
import { type FromWorker, type ToWorker, ToWorkerKind } from "../protocol.ts";
import { type ChildProcess, type ChildStatus, startChild } from "./child_process.ts";
import { makeMark, MarkedReader } from "./marked_stream.ts";
import { describeValue, MessageReader } from "./message_frames.ts";
import type { ChildCommand } from "./child_command.ts";
import { processCommand } from "./process_command.ts";
import { stderrOutlet } from "./stderr_outlet.ts";
import { decodeValue, type EncodedValue, encodeValue } from "./value_codec.ts";

/** Below so many bytes, a message goes out in one piece with what describes it. */
const SMALL = 64 * 1024;

/** How many bytes of the end of its standard error are kept, to say what a process died of. */
const STDERR_TAIL = 4096;

/** How long what a dead process had written may take to be read, in milliseconds. */
const DRAIN_MS = 100;

/** Workers that are processes of the same runtime. */
export class ProcessHost implements Host {
  readonly sharesMemory = false;
  readonly killsBusy = true;
  readonly #command: ChildCommand;

  /** @throws As `processCommand` does. */
  constructor(what: string, permissions?: WorkerPermissions) {
    this.#command = processCommand(what, permissions);
  }

  spawn(_name: string, listener: WorkerListener): HostedWorker {
    return new ProcessWorker(this.#command, listener);
  }
}

class ProcessWorker implements HostedWorker {
  readonly table: undefined = undefined;
  readonly #child: ChildProcess;
  readonly #listener: WorkerListener;
  #killed = false;
  #stderrTail = new Uint8Array(0);
  /** Whether it has written to standard error of late. */
  #noisy = false;
  #ended = false;
  #readOn: () => void = () => {};
  #fault: unknown = undefined;

  constructor(command: ChildCommand, listener: WorkerListener) {
    this.#listener = listener;
    // Its answers come through standard error.
    this.#child = startChild(command);
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
      this.#child.kill();
    } catch {
      // It has ended already.
    }
  }

  #hold(held: boolean): void {
    try {
      this.#child.hold(held);
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
    this.#child.write(front);
    if (!small) this.#child.write(head);
    for (const buffer of buffers) this.#child.write(buffer);
  }

  async #live(mark: Uint8Array): Promise<void> {
    const ended = this.#child.status.then((status) => status, (error) => {
      // It could not even be started.
      this.#fault ??= error;
    });
    const reading = this.#read(mark);
    const status = await ended;
    this.#ended = true;
    this.#readOn();
    let over = () => {};
    const late = new Promise<void>((resolve) => over = resolve);
    const timer = startTimer(DRAIN_MS, () => {
      // A process that it started may hold the pipe open …
      this.#child.closeStderr();
      over();
    });
    await reading;
    // … and nobody read what it wrote.
    await Promise.race([stderrOutlet.empty, late]);
    timer.stop();
    this.#listener.onExit(this.#fault ?? this.#causeOf(status!));
  }

  async #read(mark: Uint8Array): Promise<void> {
    const messages = new MessageReader((head, buffers) => this.#receive(head, buffers));
    const marked = new MarkedReader(
      mark,
      (bytes) => messages.push(bytes),
      (bytes) => this.#passOn(bytes),
    );
    try {
      for await (const piece of this.#child.stderr) {
        this.#noisy = false;
        marked.push(piece);
        // As if it had our standard error itself: who writes more than is read has to wait.
        if (this.#noisy && stderrOutlet.full && !this.#ended) {
          await new Promise<void>((readOn) => {
            this.#readOn = readOn;
            stderrOutlet.onRoom(readOn);
          });
        }
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
    this.#stderrTail = new Uint8Array(0);
    this.#listener.onMessage(decodeValue(head, buffers) as FromWorker);
  }

  /** What it wrote to standard error belongs on ours. */
  #passOn(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#stderrTail.byteLength + bytes.byteLength);
    all.set(this.#stderrTail);
    all.set(bytes, this.#stderrTail.byteLength);
    this.#stderrTail = all.slice(-STDERR_TAIL);
    this.#noisy = true;
    stderrOutlet.add(bytes);
  }

  #causeOf({ code, signal }: ChildStatus): Error {
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    const said = new TextDecoder().decode(this.#stderrTail).trim();
    return new Error(said === "" ? `The process ${how}` : `The process ${how}: ${said}`);
  }
}
