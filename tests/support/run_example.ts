const ROOT = new URL("../../", import.meta.url);

/** What a program said and how it ended. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run an example. */
export interface ExampleOptions {
  /** The program's own arguments. */
  args?: string[];
  /** The least permissions that it needs, as flags. */
  permissions?: string[];
  /** Environment variables on top of the current ones. */
  env?: Record<string, string>;
}

function command(name: string, options: ExampleOptions): Deno.Command {
  const { args = [], permissions = [], env = {} } = options;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...permissions, `examples/${name}`, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs `examples/<name>` to its end. */
export async function runExample(name: string, options: ExampleOptions = {}): Promise<Outcome> {
  const { code, stdout, stderr } = await command(name, options).output();
  const decode = (bytes: Uint8Array<ArrayBuffer>) => new TextDecoder().decode(bytes);
  return { code, stdout: decode(stdout), stderr: decode(stderr) };
}

/** An example that runs on its own until it is told to stop. */
export class RunningExample implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  #read = "";

  constructor(name: string, options: ExampleOptions = {}) {
    this.#child = command(name, options).spawn();
    this.#stdout = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** Waits until what it has printed matches; returns the match. */
  async seen(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#read);
      if (match) return match;
      const { done, value } = await this.#stdout.read();
      if (done) {
        throw new Error(`It ended before ${pattern}: ${this.#read}\n${await this.#stderr}`);
      }
      this.#read += value;
    }
  }

  /** Sends a signal, as Ctrl-C does. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Outcome> {
    for (;;) {
      const { done, value } = await this.#stdout.read();
      if (done) break;
      this.#read += value;
    }
    const { code } = await this.#child.status;
    return { code, stdout: this.#read, stderr: await this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // A TypeError: it has ended already.
    }
    await this.ended();
  }
}
