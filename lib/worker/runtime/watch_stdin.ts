/**
 * The second thread of a worker process: it reads what the pool sends, also while the first thread
 * is busy, and ends the process when the pool is gone.
 *
 * It is started from its own text, which needs no permission to read; so it can use nothing from
 * around it.
 */
import { builtin } from "../../base/builtins.ts";
import { isDeno, unrefTimer } from "../../base/runtime.ts";

/** The parts of Deno that the second thread uses. */
interface DenoThread {
  Deno: { stdin: { readSync(bytes: Uint8Array): number | null } };
  process?: { pid: number; kill(pid: number, signal: string): void; abort(): void };
  onmessage: ((event: { data: Int32Array }) => void) | null;
  postMessage(message: unknown, transfer: Transferable[]): void;
}

/** Everything that the second thread does in Deno: it sits in a read until there is something. */
function watchByReads(): void {
  const thread = globalThis as unknown as DenoThread;
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

/** The parts of Node that the second thread uses. */
interface StdinThread {
  parentPort: {
    once(event: "message", listener: (asked: Int32Array) => void): void;
    postMessage(message: unknown, transfer: Transferable[]): void;
  };
  stdin: {
    on(event: "data", listener: (bytes: Uint8Array) => void): void;
    on(event: "close" | "error", listener: () => void): void;
  };
  process: { pid: number; kill(pid: number, signal: string): void };
}

/**
 * The same in Node, by events: there, a thread that sits in a read keeps the process from ending when
 * the first thread wants to.
 */
function watchByEvents({ parentPort, stdin, process }: StdinThread): void {
  parentPort.once("message", (asked) => {
    let target = new Uint8Array(16);
    let filled = 0;
    let frame: DataView | undefined;
    let lengths: Float64Array | undefined;
    let head: Uint8Array | undefined;
    let buffers: ArrayBuffer[] = [];

    const expect = (length: number) => {
      target = new Uint8Array(length);
      filled = 0;
    };

    /** Go on to the next part, since this one is complete. */
    const advance = () => {
      if (frame === undefined) {
        frame = new DataView(target.buffer);
        return expect(8 * frame.getUint32(12, true));
      }
      if (lengths === undefined) {
        lengths = new Float64Array(target.buffer);
        return expect(frame.getUint32(8, true));
      }
      if (head === undefined) head = target;
      else buffers.push(target.buffer);
      if (buffers.length < lengths.length) return expect(lengths[buffers.length]!);
      const stop = frame.getInt32(0, true);
      if (stop > 0) Atomics.store(asked, 0, stop);
      parentPort.postMessage([head, buffers], [head.buffer as ArrayBuffer, ...buffers]);
      Atomics.add(asked, 1, 1);
      frame = lengths = head = undefined;
      buffers = [];
      expect(16);
    };

    stdin.on("data", (bytes) => {
      for (let at = 0; at < bytes.byteLength;) {
        const part = bytes.subarray(at, at + target.byteLength - filled);
        target.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        while (filled === target.byteLength) advance();
      }
    });
    const end = () => process.kill(process.pid, "SIGKILL");
    stdin.on("error", end);
    stdin.on("close", end);
  });
}

/** What the second thread hands on: the parts of a message, or nothing once there are no more. */
export type StdinMessage = [head: Uint8Array, buffers: ArrayBuffer[]] | undefined;

interface WatchThread {
  postMessage(message: unknown): void;
}

interface NodeThreads {
  Worker: new (source: string, options: object) => WatchThread & {
    on(event: "message", listener: (message: StdinMessage) => void): void;
  };
}

function startThread(onMessage: (message: StdinMessage) => void): WatchThread {
  if (isDeno()) {
    const source = `(${watchByReads})();`;
    const thread = new Worker(`data:text/javascript,${encodeURIComponent(source)}`, {
      type: "module",
      name: "watch",
    });
    thread.onmessage = ({ data }) => onMessage(data);
    return thread;
  }
  const { Worker: NodeWorker } = builtin<NodeThreads>("node:worker_threads")!;
  // In a worker of Bun, a socket on standard input is closed at once.
  const source = `const { parentPort } = process.getBuiltinModule("node:worker_threads");
    const stdin = process.versions.bun === undefined
      ? new (process.getBuiltinModule("node:net").Socket)({ fd: 0, readable: true, writable: false })
      : process.getBuiltinModule("node:fs").createReadStream(null, { fd: 0 });
    (${watchByEvents})({ parentPort, stdin, process });`;
  const thread = new NodeWorker(source, { eval: true, name: "watch", execArgv: [] });
  thread.on("message", onMessage);
  return thread;
}

/** How often the first thread looks whether it gets what the second hands on, in milliseconds. */
const LOOK_MS = 200;
/** After so many looks between which nothing that was handed on came, nothing will. */
const LOOKS = 3;

/**
 * Start the second thread. `receive` gets the parts of each message, and nothing once it is over.
 * `onClosed` is called if messages do not get through any more, though this thread is not busy: its
 * user's code has broken what the runtime needs for it.
 */
export function watchStdin(
  asked: Int32Array,
  receive: (message: StdinMessage) => void,
  onClosed: () => void,
): void {
  let received = 0;
  let looks = 0;
  const thread = startThread((message) => {
    received = (received + 1) | 0;
    looks = 0;
    receive(message);
  });
  const timer = setInterval(() => {
    looks = (Atomics.load(asked, 1) - received | 0) > 0 ? looks + 1 : 0;
    if (looks === LOOKS) onClosed();
  }, LOOK_MS);
  unrefTimer(timer);
  thread.postMessage(asked);
}
