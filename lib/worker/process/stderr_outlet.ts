import { startTimer } from "../../base/clock.ts";
import { Deque } from "../../base/deque.ts";
import { onEnd, stderrWriter, writeStderr } from "../../base/runtime.ts";

/** How many bytes may wait to be written before those who write more have to wait, too. */
const MOST_BYTES = 1024 * 1024;

/** How long to wait, in milliseconds, where the runtime only says that it cannot write now. */
const AGAIN_MS = 5;

/**
 * Standard error of this program, for what its processes write there: in order, and without this
 * thread having to wait for whoever reads it, who may be slow or do so never.
 *
 * It holds the program until all is written. When the program ends by a call, the rest is written on
 * the spot.
 */
class StderrOutlet {
  readonly #waiting = new Deque<Uint8Array>();
  #bytes = 0;
  #writing = false;
  #watchesEnd = false;
  #empty: Promise<void> | undefined;
  readonly #waitForRoom: (() => void)[] = [];

  /** Whether whoever writes more is to wait for room. */
  get full(): boolean {
    return this.#bytes >= MOST_BYTES;
  }

  /** Have `fn` called when there is room again. */
  onRoom(fn: () => void): void {
    this.#waitForRoom.push(fn);
  }

  /** All is written. */
  get empty(): Promise<void> {
    return this.#empty ?? Promise.resolve();
  }

  /** Have bytes written, which are only lent. */
  add(bytes: Uint8Array): void {
    if (!this.#watchesEnd) {
      this.#watchesEnd = true;
      onEnd(() => this.#writeRest());
    }
    this.#waiting.push(bytes.slice());
    this.#bytes += bytes.byteLength;
    if (!this.#writing) this.#empty = this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      for (let at = 0; at < next.byteLength;) {
        let written: number;
        try {
          written = await writeStderr(next.subarray(at));
        } catch {
          // Nobody listens any more.
          written = next.byteLength - at;
        }
        at += written;
        this.#bytes -= written;
        if (!this.full) { for (const fn of this.#waitForRoom.splice(0)) fn(); }
        if (written === 0) await new Promise<void>((go) => startTimer(AGAIN_MS, go));
      }
    }
    this.#writing = false;
    this.#empty = undefined;
  }

  /** What is being written just now comes before this: the runtime sees to it. */
  #writeRest(): void {
    const write = stderrWriter();
    try {
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        write(next);
      }
    } catch {
      // Nobody listens any more.
    }
  }
}

/** That of this program. */
export const stderrOutlet: StderrOutlet = new StderrOutlet();
