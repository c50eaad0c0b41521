import { RedisServer } from "../../tests/bullmq/support/redis_server.ts";

const PROGRAM = new URL("./peer.py", import.meta.url).pathname;

/** Debian's Python, for which there are packages of both. */
const PYTHON = "/usr/bin/python3";

/** A field's library for Python. */
export type PythonPeer = "celery" | "dask";

/** Its version, if it is installed: Debian has `python3-celery` with `python3-redis`, and `python3-distributed`. */
export async function versionOf(peer: PythonPeer): Promise<string | undefined> {
  const module = peer === "dask" ? "distributed" : "celery";
  const code = `import ${module}, ${
    peer === "dask" ? "dask" : "redis"
  }; print(${module}.__version__)`;
  try {
    const { success, stdout } = await new Deno.Command(PYTHON, { args: ["-c", code] }).output();
    return success ? new TextDecoder().decode(stdout).trim() : undefined;
  } catch {
    return undefined;
  }
}

/** Start it, with two slots. */
export async function openPython(peer: PythonPeer) {
  const redis = await RedisServer.start();
  const child = new Deno.Command(PYTHON, {
    args: [PROGRAM, peer, `${redis.port}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = child.stdin.getWriter();
  const reads = async (pattern: RegExp): Promise<string> => {
    for (let read = "";;) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`${peer} ended`);
      read += value;
      const found = pattern.exec(read);
      if (found !== null) return found[1]!;
    }
  };
  await reads(/(ready)\n/);
  return {
    /** So many calls; returns the last result. */
    async run(how: "together" | "one by one", count: number): Promise<number> {
      await writer.write(new TextEncoder().encode(`${how} ${count}\n`));
      return Number(await reads(/last (\d+)\n/));
    },
    async close(): Promise<void> {
      await writer.close();
      await child.status;
      await redis[Symbol.asyncDispose]();
    },
  };
}
