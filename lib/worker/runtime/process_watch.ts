/**
 * The second thread of a worker process: it reads what the pool sends, also while the first thread
 * is busy, and ends the process when the pool is gone.
 *
 * It is started from its own text, which needs no permission to read; so it can use nothing from
 * around it.
 */

/** The parts of the runtime that the second thread uses. */
interface WatchThread {
  Deno: { stdin: { readSync(bytes: Uint8Array): number | null } };
  process?: { pid: number; kill(pid: number, signal: string): void; abort(): void };
  onmessage: ((event: { data: Int32Array }) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Everything that the second thread does. */
function watch(): void {
  const thread = globalThis as unknown as WatchThread;
  const { stdin } = thread.Deno;
  const chunk = new Uint8Array(64 * 1024);
  let start = 0;
  let end = 0;

  /** Fill `target` with the next bytes; `false` if there are no more. */
  const fill = (target: Uint8Array): boolean => {
    let filled = 0;
    while (filled < target.byteLength) {
      if (start < end) {
        const part = chunk.subarray(start, Math.min(end, start + target.byteLength - filled));
        target.set(part, filled);
        start += part.byteLength;
        filled += part.byteLength;
        continue;
      }
      // What is large is read into its place.
      const direct = target.byteLength - filled >= chunk.byteLength;
      const count = stdin.readSync(direct ? target.subarray(filled) : chunk);
      if (count === null) return false;
      if (direct) filled += count;
      else {
        start = 0;
        end = count;
      }
    }
    return true;
  };

  /**
   * Hand on messages until there are none. `asked[0]` is the last call that is to stop, plus 1;
   * `asked[1]` how many messages were handed on.
   */
  const serve = (asked: Int32Array): void => {
    const frame = new DataView(new ArrayBuffer(16));
    while (fill(new Uint8Array(frame.buffer))) {
      const stop = frame.getInt32(0, true);
      const head = new Uint8Array(frame.getUint32(8, true));
      const lengths = new Float64Array(frame.getUint32(12, true));
      if (!fill(new Uint8Array(lengths.buffer))) return;
      if (!fill(head)) return;
      const buffers: ArrayBuffer[] = [];
      for (const length of lengths) {
        const bytes = new Uint8Array(length);
        if (!fill(bytes)) return;
        buffers.push(bytes.buffer);
      }
      if (stop > 0) Atomics.store(asked, 0, stop);
      thread.postMessage([head, buffers], [head.buffer, ...buffers]);
      // Only now: however long that took, the first thread has not missed anything.
      Atomics.add(asked, 1, 1);
    }
  };

  thread.onmessage = ({ data }) => {
    try {
      serve(data);
    } catch {
      // As if there were no more.
    }
    const { process } = thread;
    // Nothing else reaches a first thread that is busy, and no single way is open in all versions of
    // the runtime: for the first some ask for permission, and others do not have the second here.
    const ways = [
      () => process?.kill(process.pid, "SIGKILL"),
      () => process?.abort(),
      // More pieces than an array can have: V8 gives the process up.
      () => "-".repeat(2 ** 28).split(""),
    ];
    for (const way of ways) {
      try {
        way();
      } catch {
        // Try the next.
      }
    }
    thread.postMessage(undefined, []);
  };
}

/** How often the first thread looks whether it gets what the second hands on, in milliseconds. */
const LOOK_MS = 200;
/** After so many looks between which nothing that was handed on came, nothing will. */
const LOOKS = 3;

interface Unref {
  Deno: { unrefTimer(id: unknown): void };
}

/**
 * Start the second thread. `receive` gets the parts of each message, and nothing once it is over.
 * `onDeaf` is called if messages do not get through any more, though this thread is not busy: its
 * user's code has broken what the runtime needs for it.
 */
export function startWatch(
  asked: Int32Array,
  receive: (message: [head: Uint8Array, buffers: ArrayBuffer[]] | undefined) => void,
  onDeaf: () => void,
): void {
  const source = `(${watch})();`;
  const thread = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
    type: "module",
    name: "watch",
  });
  let received = 0;
  let looks = 0;
  thread.onmessage = ({ data }) => {
    received = (received + 1) | 0;
    looks = 0;
    receive(data);
  };
  const timer = setInterval(() => {
    looks = (Atomics.load(asked, 1) - received | 0) > 0 ? looks + 1 : 0;
    if (looks === LOOKS) onDeaf();
  }, LOOK_MS);
  (globalThis as unknown as Unref).Deno.unrefTimer(timer);
  thread.postMessage(asked);
}
