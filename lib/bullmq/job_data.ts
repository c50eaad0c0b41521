/**
 * What the jobs of the queue hold, and what comes back. Both sides check it: anybody who can write
 * to the Redis can put something else there.
 */
import type { JobForm } from "../worker/pool/job.ts";
import { payloadFormat } from "./payload.ts";

/** The version of all that is written here; a worker refuses one that it does not know. */
export const WIRE_VERSION = 1;

/** What a job of the queue holds. Its name says which function is called. */
export type JobData = [
  version: number,
  /** The format of `input`. */
  format: string,
  form: Exclude<JobForm, "stream">,
  /** Who waits for it. */
  submitter: string,
  /** Arguments or items, as text. */
  input: string,
  /** How many milliseconds it may run. */
  timeout: number | null,
  /** Whether it has a key, and so is to be done also if nobody waits for it any more. */
  keyed: boolean,
];

/**
 * Hold the data of a job to be such.
 *
 * @throws {TypeError} If it is not; the message is for the one who submitted it.
 */
export function readJobData(data: unknown, worker: string): JobData {
  if (!Array.isArray(data) || !Number.isInteger(data[0])) {
    throw new TypeError("Cannot run a job that no executor of this library has made");
  }
  const [version, format, form, submitter, input, timeout, keyed] = data;
  if (version > WIRE_VERSION) {
    throw new TypeError(
      `Cannot run a call of wire version ${version}: worker "${worker}" knows versions up to ` +
        `${WIRE_VERSION}; update the workers before the submitters`,
    );
  }
  const whole = version === WIRE_VERSION && data.length === 7 &&
    typeof format === "string" && (form === "call" || form === "map" || form === "starmap") &&
    typeof submitter === "string" && typeof input === "string" &&
    (timeout === null || typeof timeout === "number") && typeof keyed === "boolean";
  if (!whole) throw new TypeError("Cannot run a job that is damaged");
  if (format !== payloadFormat()) {
    throw new TypeError(
      `Cannot run a call whose arguments have the format "${format.slice(0, 16)}": worker ` +
        `"${worker}" reads "${payloadFormat()}"; run both on V8 (Deno, Node), or both on Bun`,
    );
  }
  return data as JobData;
}

/**
 * How a job ended, as one text:
 *
 * ```text
 * +<payload>                 well
 * -<in words>\n<payload>     with an error
 * !<in words>                its machines were lost, or the engine has failed it
 * ~                          it was not run, since nobody was heard of who waits for it
 * ```
 *
 * The payload is a message as workers send it to their pool.
 */
export type OutcomeText = string;

/** In front of the outcome of a call that ended well … */
export const DONE = "+";
/** … or failed … */
export const FAILED = "-";
/** … or was lost … */
export const LOST = "!";
/** … or belonged to nobody. */
export const ORPHANED = "~";

/** The payload of an outcome that has one. */
export function payloadOf(outcome: OutcomeText): string {
  return outcome.slice(outcome.startsWith(DONE) ? 1 : outcome.lastIndexOf("\n") + 1);
}

/** What an outcome says in words, for those who look at the queue. */
export function wordsOf(outcome: OutcomeText): string {
  return outcome.slice(1, outcome.startsWith(FAILED) ? outcome.lastIndexOf("\n") : undefined);
}

/** What is in a text of JSON; `undefined` if it is none. */
export function parseJson(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
