import { show } from "../../base/validate.ts";
import { type FromWorker, FromWorkerKind } from "../protocol.ts";

/** Of more than so many entries it is looked whether they are really there. */
const MANY = 100_000;

/**
 * Hold what a worker sent to be a message that honest workers send, as far as that can be seen from
 * it alone. A worker runs code of others, which may have got hold of its port or pipe.
 *
 * @throws {TypeError} If it is not.
 */
export function checkMessage(message: unknown): asserts message is FromWorker {
  if (message === FromWorkerKind.Doorbell) return;
  if (!Array.isArray(message) || !isWellFormed(message)) {
    const kind = Array.isArray(message) ? ` of kind ${show(message[0])}` : "";
    throw new TypeError(`Cannot read ${show(message)}${kind} as a message of a worker`);
  }
}

/**
 * Hold a chunk to have a result for each of its items, or for those before the one that failed.
 *
 * @throws {TypeError} If it has not.
 */
export function checkResults(
  results: unknown,
  items: number,
  failed: boolean,
): asserts results is unknown[] {
  const count = Array.isArray(results) ? results.length : -1;
  if (count < 0 || (failed ? count >= items : count !== items)) {
    throw new TypeError(`Cannot take ${count} results for ${items} items`);
  }
}

function isWellFormed(message: unknown[]): boolean {
  const [kind, first, second, third, fourth, fifth] = message;
  switch (kind) {
    case FromWorkerKind.Ready:
      return message.length === 1;
    case FromWorkerKind.InitFailed:
    case FromWorkerKind.Crashed:
      return isPacked(first);
    case FromWorkerKind.Done:
    case FromWorkerKind.Yielded:
      return isCall(first) && (third === undefined || (third === true && isPacked(second)));
    case FromWorkerKind.Failed:
      return isCall(first) && isPacked(second) && typeof third === "boolean";
    case FromWorkerKind.ChunkDone:
      return isCall(first) && (Array.isArray(second) || isPacked(second)) &&
        typeof third === "number" && third >= 0 && third < Infinity &&
        (fourth === undefined || isPacked(fourth)) &&
        (fifth === undefined || typeof fifth === "boolean");
    case FromWorkerKind.Handshake:
      return Array.isArray(first) && Array.isArray(second);
    default:
      return false;
  }
}

function isCall(value: unknown): value is number {
  return Number.isInteger(value) && value as number >= 0;
}

function isPacked(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { marks, boxes } = value as { marks?: unknown; boxes?: unknown };
  return isList(marks) && isList(boxes) && marks.length === boxes.length;
}

/** Whether it is an array as long as it says: an empty one can claim 4,000,000,000 entries. */
function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) &&
    (value.length <= MANY || Object.keys(value).length >= value.length);
}
