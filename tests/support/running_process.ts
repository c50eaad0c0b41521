/** How a process ended, and what it said. */
export interface Ending {
  code: number;
  signal: Deno.Signal | null;
  out: string;
  err: string;
}

/** How to run a process. */
export interface ProcessOptions {
  /** The folder it runs in; the one of this process by default. */
  cwd?: string | URL;
  /** Environment variables on top of the current ones. */
  env?: Record<string, string>;
  /** The executable; this Deno by default. */
  command?: string;
}

/** Runs this Deno with `args` to its end. */
export async function runToEnd(args: string[], options: ProcessOptions = {}): Promise<Ending> {
  const { code, signal, stdout, stderr } = await prepare(args, options, "null").output();
  const text = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  return { code, signal, out: text(stdout), err: text(stderr) };
}

/** This Deno with `args`, running on its own until it ends or is told to. */
export class RunningProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #out: ReadableStreamDefaultReader<string>;
  readonly #err: Promise<string>;
  #read = "";
  #told = false;

  constructor(args: string[], options: ProcessOptions = {}) {
    this.#child = prepare(args, options, "piped").spawn();
    this.#out = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#err = new Response(this.#child.stderr).text();
  }

  /** Waits until `find` finds something in what it has printed so far; returns that. */
  async finds<T>(find: (read: string) => T | null | undefined): Promise<T> {
    for (;;) {
      const found = find(this.#read);
      if (found !== null && found !== undefined) return found;
      const { done, value } = await this.#out.read();
      if (done) throw new Error(`It ended too early: ${this.#read}\n${await this.#err}`);
      this.#read += value;
    }
  }

  /** Writes to its standard input, and closes that. */
  async tell(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    this.#told = true;
  }

  /** Sends a signal, as Ctrl-C does; one that has ended takes no notice. */
  kill(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // A TypeError: it has ended already.
    }
  }

  /** Waits for its end. */
  async ended(): Promise<Ending> {
    for (;;) {
      const { done, value } = await this.#out.read();
      if (done) break;
      this.#read += value;
    }
    const { code, signal } = await this.#child.status;
    if (!this.#told) await this.#child.stdin.close();
    this.#told = true;
    return { code, signal, out: this.#read, err: await this.#err };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }
}

function prepare(
  args: string[],
  { cwd, env, command = Deno.execPath() }: ProcessOptions,
  stdin: "null" | "piped",
): Deno.Command {
  return new Deno.Command(command, {
    args,
    ...cwd === undefined ? {} : { cwd },
    env: { NO_COLOR: "1", ...env },
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}
