/**
 * `Deno.Command` by node:child_process. A program that a test has run by "this Deno" runs on this
 * runtime instead, with the same stand-ins as the test.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { NeedsDeno } from "./needs_deno.mjs";

const HERE = new URL("./", import.meta.url);
const BUN = process.versions.bun !== undefined;
/** What has this runtime read the project's own sources. */
const READER = BUN
  ? ["--preload", fileURLToPath(new URL("bun.mjs", HERE))]
  : ["--import", new URL("node.mjs", HERE).href, "--no-warnings"];

export class Command {
  #path;
  #options;

  constructor(path, options = {}) {
    this.#path = path;
    this.#options = options;
  }

  spawn() {
    return new Child(this.#path, { stdin: "inherit", ...this.#options }, "inherit");
  }

  output() {
    return new Child(this.#path, { stdin: "null", ...this.#options }, "piped").output();
  }
}

class Child {
  #child;
  #isProgram;
  #ended = false;

  constructor(path, { args = [], cwd, env, stdin, stdout, stderr }, otherwise) {
    this.#isProgram = path === process.execPath;
    const program = this.#isProgram ? programOf(args) : { args };
    const stdio = [stdin, stdout ?? otherwise, stderr ?? otherwise];
    this.#child = spawn(path, program.args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: stdio.map((how) => how === "piped" ? "pipe" : how === "null" ? "ignore" : how),
    });
    this.pid = this.#child.pid;
    const [input, output, error] = this.#child.stdio;
    if (input !== null) {
      input.on("error", () => {});
      this.stdin = Writable.toWeb(input);
      const { close } = this.stdin;
      // One that has ended has closed it already.
      this.stdin.close = () => close.call(this.stdin).catch(() => {});
    }
    if (output !== null) this.stdout = Readable.toWeb(output);
    if (error !== null) this.stderr = Readable.toWeb(error).pipeThrough(inWordsOfDeno());
    this.status = new Promise((resolve, reject) => {
      this.#child.on("error", reject);
      this.#child.on("exit", (code, signal) => {
        this.#ended = true;
        if (program.folder !== undefined) rmSync(program.folder, { recursive: true });
        code ??= 128 + constants.signals[signal];
        resolve({ success: code === 0, code, signal });
      });
    });
  }

  async output() {
    const [stdout, stderr, status] = await Promise.all([
      this.stdout && new Response(this.stdout).bytes(),
      this.stderr && new Response(this.stderr).bytes(),
      this.status,
    ]);
    return { ...status, stdout, stderr };
  }

  kill(signal = "SIGTERM") {
    if (this.#ended) throw new TypeError("Child process has already terminated");
    this.#child.kill(signal);
  }

  ref() {
    this.#child.ref();
  }

  unref() {
    this.#child.unref();
  }
}

/** The arguments that have this runtime do what these have Deno do. */
function programOf(args) {
  const [verb, ...rest] = args;
  const flags = rest.slice(0, rest.findIndex((arg) => !arg.startsWith("-")));
  const [program, ...given] = rest.slice(flags.length);
  for (const flag of flags) {
    if (
      !/^(?:-A|--ext=ts|--no-check|--no-prompt|--quiet|--no-config|--import-map=.*|--v8-flags=.*)$/
        .test(flag)
    ) {
      throw new NeedsDeno(`Command(…, "${flag}")`);
    }
  }
  const own = flags.flatMap((flag) => /^--v8-flags=(.*)$/.exec(flag)?.[1].split(",") ?? []);
  if (own.length > 0 && BUN) throw new NeedsDeno("Command(…, flags of V8)");
  if (verb === "run") return { args: [...own, ...READER, fileFor(program), ...given] };
  if (verb !== "eval") throw new NeedsDeno(`Command(…, "${verb}")`);
  const folder = mkdtempSync(`${tmpdir()}/program-`);
  writeFileSync(`${folder}/_program.ts`, withStandIns(program));
  return { args: [...own, ...READER, `${folder}/_program.ts`, ...given], folder };
}

/** A program has its stand-ins as imports, so that the library takes the runtime for what it is. */
function withStandIns(program) {
  const shim = JSON.stringify(new URL("deno.mjs", HERE).href);
  let imports = "";
  if (/\bDeno\./.test(program)) imports += `import { Deno } from ${shim}; `;
  if (/\b(?:add|remove)EventListener\(/.test(program)) {
    imports += `import { defineListeners } from ${shim}; defineListeners(); `;
  }
  return imports + program;
}

function fileFor(program) {
  return program.startsWith("file:") ? fileURLToPath(program) : program;
}

/** What the runtime says of an error that ends the program, as Deno would. */
function inWordsOfDeno() {
  const chunks = [];
  return new TransformStream({
    transform: (chunk) => void chunks.push(chunk),
    flush(controller) {
      const said = Buffer.concat(chunks);
      const text = said.toString();
      controller.enqueue(
        /^(?:Node\.js|Bun) v[\d.]+/m.test(text)
          ? Buffer.from(text.replace(/^(?:error(?=:)|(?=\w*Error\b))/m, asUncaught))
          : said,
      );
    },
  });
}

function asUncaught(word) {
  return `error: Uncaught (in promise) ${word === "error" ? "Error" : ""}`;
}
