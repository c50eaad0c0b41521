import { type CancelledError, WorkerCrashedError } from "../../errors.ts";
import { now, startTimer, type Timer } from "../../base/clock.ts";
import { LinkedList } from "../../base/linked_list.ts";
import { CALL_NUMBERS, MOST_IN_FLIGHT } from "../call_table.ts";
import type { Described } from "../../wire/function_codec.ts";
import { welcome } from "../../wire/resource_sharer.ts";
import { type EncodedError, pack, type Packed, unpack } from "../../wire/packing.ts";
import type { Host, HostedWorker, WorkerListener } from "../hosts/host.ts";
import {
  type CallsMessage,
  type ChunkDoneMessage,
  type FromWorker,
  FromWorkerKind,
  type List,
  type ToWorker,
  ToWorkerKind,
} from "../protocol.ts";
import type { Pool } from "./pool.ts";
import type { PoolJob } from "./pool_job.ts";

/** How many functions a worker is told of before it has to forget them. */
const MOST_FUNCTIONS = 2048;

/** How many calls a worker has in hand: as many as take about so long, in milliseconds … */
const AHEAD_MS = 4;
/** … but no fewer than this, as it is to begin the next without asking for it … */
const FEWEST_AHEAD = 2;
/** … and no more than this … */
const MOST_AHEAD = 256;
/** … and so many while nothing is known of how long they take. */
const FIRST_AHEAD = 8;

/** What a worker is about. */
export type WorkerState = "booting" | "ready" | "dead";

/**
 * One worker, as its pool sees it: which jobs it has, in the order in which it does them.
 *
 * It does one at a time. The others were sent ahead, so that it need not wait for them, and can be
 * taken back as long as it has not begun them.
 */
export class WorkerHandle implements WorkerListener {
  readonly name: string;
  /** When it was ended, if it was. */
  killed = Infinity;
  /** For the pool: whether it has had nothing to do since this was set. */
  rested = false;
  readonly #pool: Pool;
  readonly #hosted: HostedWorker;
  readonly #flight: LinkedList<PoolJob> = new LinkedList();
  readonly #functions = new Set<number>();
  #state: WorkerState = "booting";
  #gone = false;
  #number = 0;
  #tasks = 0;
  #batch: CallsMessage = [ToWorkerKind.Calls];
  #batched: PoolJob[] = [];
  #grace: Timer | undefined;
  #heard = now();
  #held = true;

  /** @throws What the host throws when it cannot even try to start a worker. */
  constructor(pool: Pool, host: Host, name: string) {
    this.name = name;
    this.#pool = pool;
    this.#hosted = host.spawn(name, this);
  }

  /** Whether it is booting, ready, or past that. */
  get state(): WorkerState {
    return this.#state;
  }

  /** How many jobs it has. */
  get load(): number {
    return this.#flight.size;
  }

  /** How many of them somebody waits for, besides the one that it does. */
  get waiting(): number {
    let waiting = 0;
    for (const job of this.#flight) if (!job.answered && job !== this.#flight.first) waiting++;
    return waiting;
  }

  /** What locks in shared memory know its thread by; 0 until it is ready. */
  get thread(): number {
    return this.#hosted.table?.thread ?? 0;
  }

  /** Whether the platform says that it has ended. */
  get gone(): boolean {
    return this.#gone;
  }

  /** When it was last heard of, or given something to do when it had nothing. */
  get heard(): number {
    return this.#heard;
  }

  /** Whether it may have one more job, and `job` is it. */
  fits(job: PoolJob): boolean {
    const load = this.#flight.size;
    if (this.#state !== "ready" && this.#state !== "booting") return false;
    if (this.#tasks + job.tasks > this.#pool.settings.maxTasksPerWorker && this.#tasks > 0) {
      return false;
    }
    const { table } = this.#hosted;
    if (this.#state === "booting") return load === 0 && table !== undefined && job.company > 1;
    if (load === 0) return true;
    if (table === undefined) return false;
    const oldest = this.#flight.first!;
    // Those that were taken back have used up numbers, too, and the table has a cell for each of so
    // many in a row: the cell of the oldest must not go to another.
    if (((this.#number - oldest.call) & (CALL_NUMBERS - 1)) >= MOST_IN_FLIGHT) return false;
    const company = Math.min(job.company, oldest.company);
    return load < Math.min(company, this.#ahead(table.timePerCall));
  }

  /** Give it a job; `flush` sends it. */
  give(job: PoolJob): void {
    if (this.#flight.size === 0) {
      this.#heard = now();
      this.#hold(true);
    }
    this.rested = false;
    this.#tasks += job.tasks;
    job.worker = this;
    job.call = this.#number;
    this.#number = (this.#number + 1) % CALL_NUMBERS;
    this.#flight.append(job);
    this.#hosted.table?.announce(job.call);
    try {
      this.#define(job.fn);
      job.post(this);
      job.onSent();
    } catch (error) {
      this.#refuse(job, error);
    }
  }

  /** For jobs: send a call together with those that follow at once. */
  addCall(job: PoolJob, args: List): void {
    this.#batch.push(job.call, job.fn.number, args);
    this.#batched.push(job);
  }

  /** For jobs: send a message, after everything that waits to be sent. */
  post(message: ToWorker, transfer?: Transferable[]): void {
    this.flush();
    this.#hosted.post(message, transfer);
  }

  /** Send what waits to be sent. */
  flush(): void {
    const batched = this.#batched;
    if (batched.length === 0) return;
    const batch = this.#batch;
    this.#batch = [ToWorkerKind.Calls];
    this.#batched = [];
    try {
      this.#hosted.post(batch);
    } catch (error) {
      if (batched.length === 1) return this.#refuse(batched[0]!, error);
      // One of them cannot be cloned: the others go without it.
      batched.forEach((job, i) => {
        try {
          const [call, fn, args] = batch.slice(3 * i + 1, 3 * i + 4) as [number, number, List];
          this.#hosted.post([ToWorkerKind.Calls, call, fn, args]);
        } catch (error) {
          this.#refuse(job, error);
        }
      });
    }
  }

  /** Tell it who it is, and what to do before anything else. */
  init(message: ToWorker): void {
    this.#hosted.post(message);
  }

  /** Ask a job to stop that its caller has given up. */
  stop(job: PoolJob, error: CancelledError): void {
    const { table } = this.#hosted;
    if (table?.revoke(job.call)) {
      this.#take(job);
      this.#pool.onFree();
      return;
    }
    table?.stop(job.call);
    const { cancelGrace } = this.#pool.settings;
    if (this.#grace === undefined && cancelGrace < Infinity) {
      this.#grace = startTimer(cancelGrace, () => this.#pool.onGraceOver(this));
    }
    this.post([ToWorkerKind.Cancel, job.call, pack(error, [])]);
  }

  /** Take back up to `most` jobs that it has not begun, the oldest first. */
  recall(most: number, wanted?: (job: PoolJob) => boolean): PoolJob[] {
    const { table } = this.#hosted;
    const recalled: PoolJob[] = [];
    if (table === undefined) return recalled;
    for (const job of [...this.#flight]) {
      if (recalled.length === most) break;
      if (job.moved || (wanted !== undefined && !wanted(job)) || !table.revoke(job.call)) continue;
      this.#take(job);
      this.#tasks -= job.tasks;
      recalled.push(job);
    }
    return recalled;
  }

  /** Whether it has done as many tasks as a worker may. */
  get spent(): boolean {
    return this.#tasks >= this.#pool.settings.maxTasksPerWorker;
  }

  /** End it. What it had is given back: begun or not. */
  kill(): { begun: PoolJob[]; waiting: PoolJob[] } {
    this.#state = "dead";
    this.killed = now();
    this.#grace?.stop();
    this.#grace = undefined;
    const { table } = this.#hosted;
    const begun: PoolJob[] = [];
    const waiting: PoolJob[] = [];
    table?.drain((call, value) => this.#done(call, value));
    for (const job of this.#flight) {
      const untouched = table !== undefined && !table.begun(job.call) && !job.moved;
      (untouched ? waiting : begun).push(job);
    }
    for (const job of [...begun, ...waiting]) this.#take(job);
    if (!this.#gone) this.#hosted.kill();
    return { begun, waiting };
  }

  onMessage(message: FromWorker): void {
    this.#heard = now();
    const { table } = this.#hosted;
    if (table !== undefined) {
      table.clearDoorbell();
      table.drain((call, value) => this.#done(call, value));
    }
    if (message !== FromWorkerKind.Doorbell) this.#receive(message);
    if (this.#state !== "dead") this.#pool.onFree();
  }

  onExit(cause: unknown): void {
    this.#gone = true;
    if (this.#state === "dead") this.#pool.onGone(this);
    else this.#pool.onCrash(this, cause);
  }

  #receive(message: Exclude<FromWorker, number>): void {
    switch (message[0]) {
      case FromWorkerKind.Done:
        this.#done(message[1], message[2], message[3]);
        return;
      case FromWorkerKind.Failed:
        this.#answered(message[1])?.onFailed(message[2], message[3]);
        return;
      case FromWorkerKind.ChunkDone:
        this.#chunkDone(message);
        return;
      case FromWorkerKind.Yielded:
        this.#yielded(message[1], message[2], message[3]);
        return;
      case FromWorkerKind.Ready:
        // What a dead one had sent before says nothing of the next.
        if (this.#state !== "booting") return;
        this.#state = "ready";
        this.#hold(this.#flight.size > 0);
        this.#pool.onReady(this);
        return;
      case FromWorkerKind.Refused:
        this.#pool.onRefused(this, unpack(message[1]));
        return;
      case FromWorkerKind.Crashed:
        if (this.#state !== "dead") this.#pool.onCrash(this, unpack(message[1]));
        return;
      case FromWorkerKind.Introduction: {
        const [, ...introduction] = message;
        welcome(introduction);
      }
    }
  }

  #done(call: number, value: unknown, packed?: true): void {
    const job = this.#answered(call);
    if (job === undefined) return;
    if (packed) unpackFor(job, value as Packed, (unpacked) => job.onDone(unpacked));
    else job.onDone(value);
  }

  #chunkDone(message: ChunkDoneMessage): void {
    const job = this.#answered(message[1]);
    if (job === undefined) return;
    const list = message[2];
    if (Array.isArray(list)) job.onChunkDone(list, message);
    else unpackFor(job, list, (results) => job.onChunkDone(results as unknown[], message));
  }

  #yielded(call: number, value: unknown, packed?: true): void {
    const job = this.#flight.first;
    if (job === undefined || job.call !== call || job.answered) return;
    if (packed) unpackFor(job, value as Packed, (unpacked) => job.onYielded(unpacked));
    else job.onYielded(value);
  }

  /** The job that a final answer is for; `undefined` if nobody waits for it any more. */
  #answered(call: number): PoolJob | undefined {
    let job = this.#flight.first;
    // Answers come in the order in which calls were sent.
    while (job !== undefined && job.call !== call) job = job.next as PoolJob | undefined;
    if (job === undefined) return undefined;
    this.#take(job);
    if (!job.answered) return job;
    this.#grace?.stop();
    this.#grace = undefined;
    return undefined;
  }

  #take(job: PoolJob): void {
    this.#flight.remove(job);
    job.worker = undefined;
    if (this.#flight.size === 0 && this.#state !== "booting") this.#hold(false);
  }

  #refuse(job: PoolJob, error: unknown): void {
    this.#take(job);
    this.#hosted.table?.revoke(job.call);
    if (!job.answered) job.onLost(error);
    this.#pool.onFree();
  }

  #define(fn: Described): void {
    if (this.#functions.has(fn.number)) return;
    if (this.#functions.size >= MOST_FUNCTIONS) {
      this.post([ToWorkerKind.Forget]);
      this.#functions.clear();
    }
    this.#hosted.post([ToWorkerKind.Define, fn.number, fn.ref]);
    this.#functions.add(fn.number);
  }

  #ahead(timePerCall: number): number {
    if (timePerCall === 0) return FIRST_AHEAD;
    return Math.min(
      Math.max(Math.floor(AHEAD_MS / timePerCall), FEWEST_AHEAD),
      MOST_AHEAD,
      MOST_IN_FLIGHT,
    );
  }

  #hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#hosted.ref();
    else this.#hosted.unref();
  }
}

function unpackFor(job: PoolJob, packed: Packed, use: (value: unknown) => void): void {
  let value: unknown;
  try {
    value = unpack(packed);
  } catch (error) {
    job.onLost(error);
    return;
  }
  use(value);
}

/** The error for a call whose worker died. */
export function crashed(name: string, cause: unknown): WorkerCrashedError {
  const message = `The worker "${name}" died while it ran the call`;
  return cause === undefined
    ? new WorkerCrashedError(message)
    : new WorkerCrashedError(message, { cause });
}

/** What an encoded error says, or what kept it from being read. */
export function decode(error: EncodedError, callerStack?: string): unknown {
  try {
    return unpack(error, callerStack);
  } catch (fault) {
    return fault;
  }
}
