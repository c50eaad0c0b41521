/**
 * The part of `Deno` that test files use, for Node and Bun: `Deno.test` collects, and the rest is done
 * with the runtime's own. It reaches test files as an import of theirs and never as a global, so that
 * the library takes the runtime for what it is.
 */
import * as fs from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { inspect } from "node:util";
import { Command } from "./command.mjs";
import { NeedsDeno } from "./needs_deno.mjs";
import { connect, listen } from "./net.mjs";
import { serve } from "./serve.mjs";

/** What was collected, in order. */
export const tests = [];

function test(first, second, third) {
  const fn = [first, second, third].find((given) => typeof given === "function");
  const options = [first, second, third].find((given) => typeof given === "object") ?? {};
  const name = typeof first === "string" ? first : options.name ?? fn.name;
  tests.push({ name, fn: options.fn ?? fn, ignore: options.ignore ?? false });
}
test.ignore = (first, ...rest) => {
  const options = typeof first === "string" ? { name: first } : first;
  test({ ...options, ignore: true, fn: options.fn ?? rest.at(-1) });
};
test.beforeAll =
  test.beforeEach =
  test.afterEach =
  test.afterAll =
    () => {
      throw new TypeError("Test files here have no hooks");
    };

/** Run what was collected; says of each test how it went. */
export async function* runTests() {
  const leftOut = JSON.parse(process.env.STRAND_LEFT_OUT ?? "[]");
  for (const { name, fn, ignore } of tests) {
    const without = leftOut.find(({ tests }) => new RegExp(tests).test(name));
    if (without !== undefined) yield { name, needs: without.feature };
    if (ignore || without !== undefined) continue;
    const context = {
      name,
      async step(first, second) {
        const body = typeof first === "object" ? first.fn : second ?? first;
        await body(context);
        return true;
      },
    };
    try {
      await fn(context);
      yield { name };
    } catch (error) {
      yield { name, error };
    }
  }
}

/** What the web calls the events of Node's `process`. */
const PROCESS_EVENTS = {
  error: "uncaughtException",
  unhandledrejection: "unhandledRejection",
  unload: "exit",
};

/** The listeners of the web's events on this thread, which Node has not. */
export function defineListeners() {
  const listeners = new Map();
  globalThis.addEventListener = (type, listener) => {
    const event = PROCESS_EVENTS[type];
    if (event === undefined) return;
    const heard = (reason, promise) => {
      const field = type === "error" ? { error: reason } : { reason, promise };
      const { message } = Object(reason);
      const given = { type, message, ...field, preventDefault() {}, stopImmediatePropagation() {} };
      if (typeof listener === "function") listener(given);
      else listener.handleEvent(given);
    };
    listeners.set(listener, heard);
    process.on(event, heard);
  };
  globalThis.removeEventListener = (type, listener) => {
    process.off(PROCESS_EVENTS[type] ?? "", listeners.get(listener) ?? (() => {}));
  };
}

/** Which feature of Deno a failure is the lack of; `undefined` if it is none. */
export function missing(error) {
  for (let at = error, depth = 0; at != null && depth < 8; at = at.cause, depth++) {
    if (at instanceof NeedsDeno) return at.feature;
    // Of a program that the test ran.
    const needed = /This needs (Deno\.[^\n]*)/.exec(String(at.message));
    if (needed !== null) return needed[1];
    if (/permissions need the runtime to be Deno/.test(String(at.message))) return "permissions";
    if (/self\.close is not a function/.test(String(at.message))) return "self.close() in a worker";
    if (/has no Web Workers/.test(String(at.message))) return "Web Workers";
    // A function that ran in a worker, where there is not even a stand-in.
    if (/"Deno"|\bDeno is not defined|Can't find variable: Deno/.test(String(at.message))) {
      return "Deno in a worker";
    }
  }
  return undefined;
}

const own = {
  test,
  Command,
  connect,
  listen,
  serve,
  args: process.argv.slice(2),
  pid: process.pid,
  build: { os: process.platform === "win32" ? "windows" : process.platform },
  version: { deno: "99.0.0" },
  inspect: (value, options) => inspect(value, { ...options, breakLength: Infinity }),
  exit: (code) => process.exit(code),
  kill: (pid, signal) => process.kill(pid, signal),
  execPath: () => process.execPath,
  env: { get: (name) => process.env[name] },
  readTextFile: (path) => fs.promises.readFile(path, "utf8"),
  readTextFileSync: (path) => fs.readFileSync(path, "utf8"),
  readFile: (path) => fs.promises.readFile(path),
  writeTextFile: (path, text, { append = false } = {}) =>
    fs.promises.writeFile(path, text, { flag: append ? "a" : "w" }),
  writeTextFileSync: (path, text) => fs.writeFileSync(path, text),
  remove: (path, { recursive = false } = {}) => fs.promises.rm(path, { recursive }),
  mkdir: (path, options) => fs.promises.mkdir(path, options),
  makeTempDir: () => mkdtemp(`${tmpdir()}/test-`),
  async makeTempFile() {
    const path = `${await mkdtemp(`${tmpdir()}/test-`)}/file`;
    fs.writeFileSync(path, "");
    return path;
  },
  copyFile: (from, to) => fs.promises.copyFile(from, to),
  stat: async (path) => {
    const found = await fs.promises.stat(path);
    return { isFile: found.isFile(), isDirectory: found.isDirectory(), size: found.size };
  },
  memoryUsage: () => process.memoryUsage(),
  stdin: {
    read: (bytes) =>
      new Promise((resolve, reject) => {
        fs.read(0, bytes, 0, bytes.length, null, (error, count) => {
          if (error) reject(error);
          else resolve(count || null);
        });
      }),
  },
  stdout: { writeSync: (bytes) => fs.writeSync(1, bytes) },
  stderr: { writeSync: (bytes) => fs.writeSync(2, bytes) },
  async *readDir(path) {
    for (const entry of await fs.promises.readdir(path, { withFileTypes: true })) {
      yield { name: entry.name, isDirectory: entry.isDirectory(), isFile: entry.isFile() };
    }
  },
  addSignalListener: (signal, listener) => process.on(signal, listener),
  removeSignalListener: (signal, listener) => process.off(signal, listener),
  unrefTimer: (timer) => timer.unref?.(),
};

export const Deno = new Proxy(own, {
  get(target, key) {
    if (key in target || typeof key === "symbol") return target[key];
    throw new NeedsDeno(key);
  },
});
