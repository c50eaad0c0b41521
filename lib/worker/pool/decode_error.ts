/** Reading the answers of workers, for the jobs that they are for. */
import { type EncodedError, type Packed, unpack } from "../../wire/packing.ts";
import type { Job } from "./job.ts";

/** Whether the job is a chunk of a map, which is answered in another way than a call. */
export function isChunk({ form }: Job): boolean {
  return form === "map" || form === "starmap";
}

/** Unpack what is for a job, and use it; if it cannot be read, the job is told. */
export function unpackFor(job: Job, packed: Packed, use: (value: unknown) => void): void {
  let value: unknown;
  try {
    value = unpack(packed);
  } catch (error) {
    job.onLost(error);
    return;
  }
  use(value);
}

/** What an encoded error says, or what kept it from being read. */
export function decodeError(error: EncodedError, callerStack?: string): unknown {
  try {
    return unpack(error, callerStack);
  } catch (fault) {
    return fault;
  }
}
