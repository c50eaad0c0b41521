const MOD = new URL("../../mod.ts", import.meta.url).href;

/** How a program ended, and what it said. */
export interface Ending {
  code: number;
  signal: Deno.Signal | null;
  out: string;
  err: string;
}

/** A TypeScript program in a process of its own; `$MOD` in its source stands for the library. */
export class RunningProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #out: ReadableStreamDefaultReader<string>;
  readonly #err: Promise<string>;
  #read = "";
  #seen = 0;
  #told = false;

  constructor(source: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", source.replaceAll("$MOD", MOD)],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#out = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#err = new Response(this.#child.stderr).text();
  }

  /** Wait until `text` is printed after what was waited for before; gives the rest of its line. */
  async says(text: string): Promise<string> {
    for (;;) {
      const at = this.#read.indexOf(text, this.#seen);
      const end = this.#read.indexOf("\n", at);
      if (at >= 0 && end >= 0) {
        this.#seen = end;
        return this.#read.slice(at + text.length, end);
      }
      const { done, value } = await this.#out.read();
      if (done) throw new Error(`It ended before "${text}": ${this.#read}\n${await this.#err}`);
      this.#read += value;
    }
  }

  /** Write to its standard input, and close that. */
  async tell(text: string): Promise<void> {
    const writer = this.#child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    this.#told = true;
  }

  /** Send a signal, as Ctrl-C does. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Wait for its end. */
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
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // A TypeError: it has ended already.
    }
    await this.ended();
  }
}
