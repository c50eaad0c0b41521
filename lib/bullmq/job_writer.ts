import { pack, refuseShared } from "../wire/packing.ts";
import type { Job } from "../worker/pool/job.ts";
import {
  type BullCallOptions,
  enginePriority,
  type ExecutorSettings,
} from "./bull_executor_options.ts";
import { type JobData, WIRE_VERSION } from "./job_data.ts";
import { callId, chunkId, keyedId, mapId } from "./job_ids.ts";
import type { Outgoing } from "./outbox.ts";
import { bytesIn, encodePayload, payloadFormat } from "./payload.ts";

/** Makes jobs of the queue from those of the executor. */
export class JobWriter {
  readonly #settings: ExecutorSettings;
  readonly #submitter: string;
  readonly #maps = new WeakMap<object, string>();
  #mapCount = 0;

  /** `submitter` is who waits for the outcomes. */
  constructor(settings: ExecutorSettings, submitter: string) {
    this.#settings = settings;
    this.#submitter = submitter;
  }

  /**
   * What goes to the queue for a job.
   *
   * @throws {RangeError} If it is too large.
   * @throws {TypeError} If it cannot cross, or its function is of none of the modules.
   */
  write(job: Job): Outgoing {
    const { names, maxPayload, attempts, backoff } = this.#settings;
    const name = names.nameOf("submit a call", job.fn);
    const options = (job.options ?? {}) as BullCallOptions;
    const transfer = [...options.transfer ?? []];
    const list = job.special ? pack(job.input, transfer, refuseShared) : job.input;
    const input = encodePayload(list, transfer);
    const bytes = bytesIn(input);
    if (bytes > maxPayload) {
      const what = job.whole === undefined
        ? "Cannot submit a call: its arguments take"
        : `Cannot submit a chunk of ${job.input.length} items: they take`;
      throw new RangeError(
        `${what} ${bytes} bytes, wanted at most ${maxPayload} (maxPayload); ` +
          `put them where the servers can read them, and pass the address`,
      );
    }
    const keyed = options.key !== undefined;
    const data: JobData = [
      WIRE_VERSION,
      payloadFormat(),
      job.form as JobData[2],
      this.#submitter,
      input,
      options.timeout === undefined || options.timeout === Infinity
        ? null
        : Math.max(options.timeout, 0),
      keyed,
    ];
    const opts: Record<string, unknown> = {
      priority: enginePriority(job.priority),
      attempts: options.attempts ?? attempts,
    };
    const pause = options.backoff ?? backoff;
    if (pause > 0) opts.backoff = { type: "exponential", delay: pause };
    if (options.delay !== undefined && options.delay > 0) opts.delay = options.delay;
    const id = keyed ? keyedId(name, options.key!) : this.#idOf(job);
    return { id, name, data, opts };
  }

  #idOf(job: Job): string {
    const { whole, order } = job;
    if (whole === undefined) return callId(this.#submitter, order);
    let map = this.#maps.get(whole);
    if (map === undefined) this.#maps.set(whole, map = mapId(this.#submitter, this.#mapCount++));
    return chunkId(map, order);
  }
}
