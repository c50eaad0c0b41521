import { cloneError } from "../../wire/clone_error.ts";
import { type EncodedError, pack, type Packed, type Refusal, survey } from "../../wire/packing.ts";
import { Transferred } from "../../wire/transfer.ts";
import type { FromWorker, FromWorkerKind } from "../protocol.ts";

/** What sends the results of a worker. */
export interface ResultSender {
  /** Makes the error for a shared object, where none can cross. */
  readonly refuse: Refusal | undefined;
  /** Send a message. Throws if it cannot be cloned; then nothing was sent. */
  send(message: FromWorker, transfer?: Transferable[]): void;
}

/**
 * Send what a call gave, or a generator yielded.
 *
 * @throws {TypeError} If it cannot cross; the error names the part of it that cannot.
 */
export function sendValue(
  sender: ResultSender,
  kind: typeof FromWorkerKind.Done | typeof FromWorkerKind.Yielded,
  call: number,
  given: unknown,
): void {
  if (typeof given !== "object" || given === null) {
    if (typeof given === "function" || typeof given === "symbol") {
      throw cloneError("the result", given, [], undefined);
    }
    sender.send([kind, call, given]);
    return;
  }
  let value: unknown = given;
  let transfer: Transferable[] | undefined;
  if (given instanceof Transferred) {
    value = given.value;
    transfer = [...given.list];
  }
  let packed: Packed | undefined;
  try {
    if (survey([value]) < 0) packed = pack(value, transfer ??= [], sender.refuse);
    if (packed === undefined) sender.send([kind, call, value], transfer);
    else sender.send([kind, call, packed, true], transfer);
  } catch (cause) {
    throw cloneError("the result", value, transfer ?? [], cause);
  }
}

/** Make an error, or whatever was thrown, ready to be sent. */
export function encodeThrown(error: unknown): EncodedError {
  if (typeof error !== "object" || error === null) {
    // A function or a symbol cannot cross, and still has to be heard of.
    const plain = typeof error === "function" || typeof error === "symbol";
    return { value: plain ? String(error) : error, marks: [], boxes: [] };
  }
  try {
    const packed = pack(error);
    structuredClone(packed);
    return packed;
  } catch (cause) {
    return refusalOf(error, cause);
  }
}

/** What the caller hears instead of something thrown that cannot cross, or not even be looked at. */
function refusalOf(error: object, cause: unknown): EncodedError {
  try {
    return pack(cloneError("what was thrown", error, [], cause));
  } catch {
    return pack(new TypeError("Cannot send what was thrown: it cannot be read"));
  }
}
