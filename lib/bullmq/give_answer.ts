import { type Packed, unpack } from "../wire/packing.ts";
import { linesOf } from "../worker/pool/caller_stack.ts";
import { decodeError, isChunk, unpackFor } from "../worker/pool/decode_error.ts";
import { checkMessage, checkResults } from "../worker/pool/check_message.ts";
import type { Job } from "../worker/pool/job.ts";
import {
  type ChunkDoneMessage,
  type DoneMessage,
  type FailedMessage,
  FromWorkerKind,
} from "../worker/protocol.ts";
import { WorkerCrashedError } from "../errors.ts";
import { type OutcomeText, payloadOf } from "./job_data.ts";
import { decodePayload } from "./payload.ts";

/** Give a job its answer, which has come through the queue; one that cannot be read fails it. */
export function giveAnswer(job: Job, outcome: OutcomeText): void {
  let give: () => void;
  try {
    give = readAnswer(job, outcome);
  } catch (error) {
    job.onLost(error);
    return;
  }
  give();
}

function readAnswer(job: Job, outcome: OutcomeText): () => void {
  const message = decodePayload(payloadOf(outcome));
  checkMessage(message);
  switch (typeof message === "number" ? message : message[0]) {
    case FromWorkerKind.Done: {
      const [, , value, packed] = message as DoneMessage;
      if (isChunk(job)) break;
      if (!packed) return () => job.onDone(value);
      return () => unpackFor(job, value as Packed, (unpacked) => job.onDone(unpacked));
    }
    case FromWorkerKind.Failed: {
      const [, , encoded, cancelled] = message as FailedMessage;
      const error = decodeError(encoded, linesOf(job.site));
      return () => {
        if (error instanceof WorkerCrashedError) job.owner.counts.crashed++;
        job.onFailed(error, cancelled);
      };
    }
    case FromWorkerKind.ChunkDone: {
      const [, , list, ms, error, cancelled = false] = message as ChunkDoneMessage;
      if (!isChunk(job)) break;
      const results: unknown = Array.isArray(list) ? list : unpack(list);
      checkResults(results, job.input.length, error !== undefined);
      const failure = error && { error: decodeError(error, linesOf(job.site)), cancelled };
      return () => job.onChunkDone(results, ms, failure);
    }
  }
  throw new TypeError("Cannot read an answer from the queue: it is none for such a call");
}
