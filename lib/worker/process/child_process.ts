import { builtin } from "../../base/builtins.ts";
import { isDeno } from "../../base/runtime.ts";
import type { ChildCommand } from "./child_command.ts";

/** How a process ended. */
export interface ChildStatus {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A child process whose standard input is written here, and whose standard error is read here. */
export interface ChildProcess {
  /** What it writes to standard error, piece by piece. */
  readonly stderr: AsyncIterable<Uint8Array>;
  readonly status: Promise<ChildStatus>;
  /** Write to its standard input. One that is gone takes nothing more, and says so by its status. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** Read no more of its standard error, though somebody may hold that open. */
  closeStderr(): void;
  /** End it at once. */
  kill(): void;
  /** Say whether it holds this program alive. */
  hold(held: boolean): void;
}

/** Start a process. Standard output is that of this program. */
export function startChild({ command, args }: ChildCommand): ChildProcess {
  return isDeno() ? startByDeno(command, [...args]) : startByNode(command, args);
}

function startByDeno(command: string, args: string[]): ChildProcess {
  const child = new Deno.Command(command, { args, stdin: "piped", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stderr.getReader();
  return {
    stderr: readAll(reader),
    status: child.status.finally(() => writer.abort().catch(() => {})),
    write: (bytes) => void writer.write(bytes).catch(() => {}),
    closeStderr: () => void reader.cancel().catch(() => {}),
    kill: () => child.kill("SIGKILL"),
    hold: (held) => held ? child.ref() : child.unref(),
  };
}

async function* readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever reads has left, as the child has written nonsense: nobody else lets go of the pipe.
    await reader.cancel().catch(() => {});
  }
}

interface NodeStream {
  on(event: "error", listener: (error: unknown) => void): void;
  destroy(): void;
  ref?(): void;
  unref?(): void;
}

interface NodeChild {
  readonly stdin: NodeStream & { write(bytes: Uint8Array): void };
  readonly stderr: NodeStream & AsyncIterable<Uint8Array>;
  on(event: "exit", listener: (code: number | null, signal: string | null) => void): void;
  on(event: "error", listener: (error: unknown) => void): void;
  kill(signal: string): void;
  ref(): void;
  unref(): void;
}

interface ChildProcesses {
  spawn(command: string, args: readonly string[], options: object): NodeChild;
}

function startByNode(command: string, args: readonly string[]): ChildProcess {
  const { spawn } = builtin<ChildProcesses>("node:child_process")!;
  const child = spawn(command, args, { stdio: ["pipe", "inherit", "pipe"], windowsHide: true });
  const { stdin, stderr } = child;
  stdin.on("error", () => {});
  return {
    stderr,
    status: new Promise((resolve, reject) => {
      child.on("exit", (code, signal) => {
        stdin.destroy();
        resolve({ code, signal });
      });
      child.on("error", reject);
    }),
    write: (bytes) => stdin.write(bytes),
    closeStderr: () => stderr.destroy(),
    kill: () => child.kill("SIGKILL"),
    hold(held) {
      for (const part of [child, stdin, stderr]) held ? part.ref?.() : part.unref?.();
    },
  };
}
