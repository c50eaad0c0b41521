/**
 * Rejections that nobody handles, which a program with the library hears of exactly as one without.
 *
 * @module
 */

interface Rejection {
  readonly name: string;
  /** The runtimes where it is otherwise. */
  readonly not?: RegExp;
  readonly source: string;
  readonly flags?: readonly string[];
}

const LATER = `setTimeout(() => console.log("goes on"), 20);`;
const REJECT = `Promise.reject(new RangeError("nobody")); ${LATER}`;
const CODES = `process.on("exit", (code) => console.log("exit", code));`;
const HEAR =
  `(reason, promise) => console.log("heard", reason.message, promise instanceof Promise)`;

/** Each is a body of a module, also of one in a worker. */
const SOURCES: Readonly<Record<string, string>> = {
  "nobody listens": CODES + REJECT,
  "in a timer": `setTimeout(() => { ${REJECT} });`,
  "in an async function": `(async () => { await 1; throw new TypeError("inside"); })(); ${LATER}`,
  "two in one turn": `Promise.reject(new Error("first")); ${REJECT}`,
  "one after the other": `${REJECT} setTimeout(() => Promise.reject(new Error("second")), 5);`,
  "no error": `Promise.reject("a string"); ${LATER}`,
  "a listener": `process.on("unhandledRejection", ${HEAR}); ${CODES} ${REJECT}`,
  "a listener for once":
    `process.once("unhandledRejection", ${HEAR}); ${REJECT} setTimeout(() => Promise.reject(new Error("second")), 5);`,
  "a listener that is gone":
    `const hear = ${HEAR}; process.on("unhandledRejection", hear); process.off("unhandledRejection", hear); ${REJECT}`,
  "all listeners gone":
    `process.on("unhandledRejection", ${HEAR}); process.removeAllListeners("unhandledRejection"); ${REJECT}`,
  "two listeners, in their order":
    `process.on("unhandledRejection", () => console.log("second")); process.prependListener("unhandledRejection", () => console.log("first")); ` +
    `console.log(process.listenerCount("unhandledRejection"), process.listeners("unhandledRejection").length); ${REJECT}`,
  "a listener that throws":
    `process.on("unhandledRejection", (reason) => { throw reason; }); ${REJECT}`,
  "a listener of uncaught exceptions":
    `process.on("uncaughtException", (error, origin) => console.log(error.message, origin)); ${REJECT}`,
  "a monitor":
    `process.on("uncaughtExceptionMonitor", (error, origin) => console.log(error.message, origin)); ${REJECT}`,
  "handled late":
    `process.on("unhandledRejection", ${HEAR}); process.on("rejectionHandled", () => console.log("late"));
     const late = Promise.reject(new Error("late")); setTimeout(() => late.catch(() => {}), 10);`,
  "an exit code of its own": `process.on("exit", () => process.exitCode = 7); ${REJECT}`,
  "no rejection": LATER,
};

const IN_WORKER = (source: string) =>
  `const { isMainThread, Worker } = await import("node:worker_threads");
   if (isMainThread) {
     const worker = new Worker(new URL(import.meta.url));
     worker.on("error", (error) => console.log("error", error.message ?? error));
     worker.on("exit", (code) => console.log("worker", code));
   } else { ${source} }`;

const FLAGS = ["none", "warn", "strict", "throw", "warn-with-error-code"];

export const REJECTIONS: readonly Rejection[] = [
  ...Object.entries(SOURCES).map(([name, source]) => ({ name, source })),
  ...Object.entries(SOURCES).map(([name, source]) => {
    // A worker ends with the first that it hears of, which in Bun is the last one then.
    const not = name === "two in one turn" ? { not: /^bun/ } : {};
    return { name: `in a worker, ${name}`, source: IN_WORKER(source), ...not };
  }),
  ...FLAGS.flatMap((flag) =>
    ["nobody listens", "a listener"].map((name) => ({
      name: `${name}, --unhandled-rejections=${flag}`,
      source: SOURCES[name]!,
      flags: [`--unhandled-rejections=${flag}`],
    }))
  ),
];
