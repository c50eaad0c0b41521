import type { CancelledError } from "../../task_errors.ts";
import { now, startTimer, type Timer } from "../../base/clock.ts";
import { instruments } from "../../core/instrument.ts";
import { LinkedList } from "../../base/linked_list.ts";
import { CALL_NUMBERS, MOST_IN_FLIGHT } from "../call_table.ts";
import type { Described } from "../../wire/describe_function.ts";
import { accept } from "../../wire/resource_sharer.ts";
import { pack, type Packed, type Refusal, unpack } from "../../wire/packing.ts";
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
import { decodeError, isChunk, unpackFor } from "./decode_error.ts";
import { linesOf } from "./caller_stack.ts";
import { checkMessage, checkResults } from "./check_message.ts";
import { HandOver } from "./hand_over.ts";
import type { Job, JobWorker } from "./job.ts";

/** How many functions a worker is told of before it has to forget them. */
const MOST_FUNCTIONS = 2048;

/**
 * How many calls a worker has in hand: as many as take about so many milliseconds, but no fewer and no
 * more than these; and so many while nothing is known of how long they take.
 */
const [AHEAD_MS, FEWEST_AHEAD, MOST_AHEAD, FIRST_AHEAD] = [4, 2, 256, 8] as const;

/** What a worker is about. */ export type WorkerState = "booting" | "ready" | "dead";

/** What a worker needs of whoever gives it its jobs, who hears from it what becomes of it. */
export interface WorkerOwner {
  readonly settings: {
    readonly name: string;
    readonly maxTasksPerWorker: number;
    readonly cancelGrace: number;
  };
  /** Makes the error for a shared object, where none can cross. */
  readonly refuse: Refusal | undefined;
  /** Whether answers are being read: what follows of them is sent together. */
  reading: boolean;
  /** A worker is ready. */
  onReady(): void;
  /** Its initializer failed. */
  onInitFailed(worker: WorkerHandle, cause: unknown): void;
  /** A worker may take something more. */
  onFree(): void;
  /** It died. */
  onCrash(worker: WorkerHandle, cause: unknown): void;
  /** It did not stop in time what it was asked to stop. */
  onGraceOver(worker: WorkerHandle): void;
  /** It had been killed, and is gone. */
  onGone(worker: WorkerHandle): void;
}

/** The jobs that a worker leaves behind. */
export interface JobsLeft {
  /** Those that it has begun, or may have. */
  begun: Job[];
  /** Those that it certainly has not. */
  waiting: Job[];
}

/**
 * One worker, as its pool sees it: which jobs it has, in the order in which it does them.
 *
 * It does one at a time. The others were sent ahead, so that it need not wait for them, and can be
 * taken back as long as it has not begun them.
 */
export class WorkerHandle implements WorkerListener, JobWorker {
  readonly name: string;
  /** Whether it was at a job or its initializer when it was killed, and may burn on in that. */
  mayBeStuck = false;
  /** For the pool: whether it has had nothing to do since this was set. */
  idle = false;
  readonly #owner: WorkerOwner;
  readonly #killsBusy: boolean;
  readonly #hosted: HostedWorker;
  readonly #handOver: HandOver | undefined;
  readonly #flight: LinkedList<Job> = new LinkedList();
  readonly #functions = new Set<number>();
  #state: WorkerState = "booting";
  #gone = false;
  #number = 0;
  #tasks = 0;
  #batch: CallsMessage = [ToWorkerKind.Calls];
  #batched: Job[] = [];
  #grace: Timer | undefined;
  #lastHeard = now();
  #held = true;

  /** @throws What the host throws when it cannot even try to start a worker. */
  constructor(owner: WorkerOwner, host: Host, name: string) {
    this.name = name;
    this.#owner = owner;
    this.#killsBusy = host.killsBusy;
    this.#hosted = host.spawn(name, this);
    const { table } = this.#hosted;
    this.#handOver = table && new HandOver(table, () => this.onMessage(FromWorkerKind.Doorbell));
    instruments()?.call("workerStarted", { name, pool: owner.settings.name });
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
  get lastHeard(): number {
    return this.#lastHeard;
  }

  /** Whether it may not do this job, as it would have done more tasks than a worker may. */
  exhausted(job: Job | undefined): boolean {
    const { maxTasksPerWorker } = this.#owner.settings;
    return this.#tasks > 0 && this.#tasks + (job?.tasks ?? 1) > maxTasksPerWorker;
  }

  /** How many short calls it has in hand at a time. */
  get ahead(): number {
    const ms = this.#hosted.table?.timePerCall;
    if (ms === undefined) return 1;
    if (ms === 0) return FIRST_AHEAD;
    const most = Math.min(MOST_AHEAD, MOST_IN_FLIGHT);
    return Math.min(Math.max(Math.floor(AHEAD_MS / ms), FEWEST_AHEAD), most);
  }

  /** Whether it may have one more job, and `job` is it. */
  fits(job: Job): boolean {
    const load = this.#flight.size;
    if (this.#state === "dead" || this.exhausted(job)) return false;
    const { table } = this.#hosted;
    if (this.#state === "booting") return load === 0 && table !== undefined && job.maxBatch > 1;
    if (load === 0) return true;
    if (table === undefined) return false;
    const oldest = this.#flight.first!;
    // Those that were taken back have used up numbers, too, and the table has a cell for each of so
    // many in a row: the cell of the oldest must not go to another. See call_numbers_test.ts.
    if (((this.#number - oldest.call) & (CALL_NUMBERS - 1)) >= MOST_IN_FLIGHT) return false;
    const most = Math.min(job.maxBatch, oldest.maxBatch);
    return load < Math.min(most, this.ahead);
  }

  /** Give it a job; `flush` sends it. */
  give(job: Job): void {
    if (this.#flight.size === 0) {
      const at = now();
      this.#handOver?.onGiven(at, at - this.#lastHeard);
      this.#lastHeard = at;
      this.#hold(true);
    }
    this.idle = false;
    this.#tasks += job.tasks;
    job.worker = this;
    job.call = this.#number;
    this.#number = (this.#number + 1) % CALL_NUMBERS;
    this.#flight.append(job);
    if (this.#flight.first === job) job.onBegun(this.name);
    this.#hosted.table?.announce(job.call);
    try {
      this.#define(job.fn);
      this.#send(job);
    } catch (error) {
      this.#refuse(job, error);
    }
  }

  /** Send a message, after everything that waits to be sent. */
  post(message: ToWorker, transfer?: Transferable[]): void {
    this.#sendBatch();
    this.#hosted.post(message, transfer);
  }

  /** Send what waits to be sent. */
  flush(): void {
    this.#sendBatch();
    if (this.#state === "ready") this.#flight.first?.onTurn();
  }

  #sendBatch(): void {
    const batched = this.#batched;
    if (batched.length === 0) return;
    const batch = this.#batch;
    this.#batch = [ToWorkerKind.Calls];
    this.#batched = [];
    if (this.#flight.size === 1) {
      const { call, fn, input } = batched[0]!;
      if (this.#handOver?.hand(call, fn.number, input)) return;
    }
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
  stop(job: Job, error: CancelledError): void {
    const { table } = this.#hosted;
    if (table?.revoke(job.call)) {
      this.#take(job);
      this.#tasks -= job.tasks;
      this.#owner.onFree();
      return;
    }
    table?.stop(job.call);
    this.#startGrace();
    this.post([ToWorkerKind.Cancel, job.call, pack(error)]);
  }

  /** Take back up to `most` jobs that it has not begun, the oldest first. */
  revoke(most: number, wanted?: (job: Job) => boolean): Job[] {
    const { table } = this.#hosted;
    const revoked: Job[] = [];
    if (table === undefined) return revoked;
    for (const job of [...this.#flight]) {
      if (revoked.length === most) break;
      if (job.moved || (wanted !== undefined && !wanted(job)) || !table.revoke(job.call)) continue;
      this.#take(job);
      this.#tasks -= job.tasks;
      revoked.push(job);
    }
    return revoked;
  }

  /** End it. What it had is given back. */
  kill(): JobsLeft {
    this.#state = "dead";
    this.#handOver?.end();
    this.#grace?.stop();
    this.#grace = undefined;
    const { table } = this.#hosted;
    const begun: Job[] = [];
    const waiting: Job[] = [];
    try {
      // What it had answered before it died counts: "A result that was there is not lost".
      table?.drain((call, value) => this.#done(call, value));
    } catch {
      // It has written nonsense into the table.
    }
    for (const job of this.#flight) {
      const untouched = table !== undefined && !table.begun(job.call) && !job.moved;
      (untouched ? waiting : begun).push(job);
    }
    this.mayBeStuck = !this.#killsBusy && (begun.length > 0 || table?.initializing === true);
    for (const job of [...begun, ...waiting]) this.#take(job);
    if (!this.#gone) this.#hosted.kill();
    return { begun, waiting };
  }

  onMessage(message: unknown): void {
    // What a dead one had sent before says nothing of the next.
    if (this.#state === "dead") return;
    this.#lastHeard = now();
    this.#owner.reading = true;
    try {
      checkMessage(message);
      const { table } = this.#hosted;
      if (table !== undefined) {
        table.clearDoorbell();
        table.drain((call, value) => this.#done(call, value));
      }
      if (message !== FromWorkerKind.Doorbell) this.#receive(message);
    } catch (error) {
      this.#crash(error);
    }
    this.#owner.reading = false;
    this.#owner.onFree();
  }

  onExit(cause: unknown): void {
    this.#gone = true;
    instruments()?.call("workerEnded", { name: this.name, pool: this.#owner.settings.name });
    if (this.#state === "dead") this.#owner.onGone(this);
    else this.#owner.onCrash(this, cause);
  }

  #receive(message: Exclude<FromWorker, number>): void {
    if (this.#state === "dead") return;
    switch (message[0]) {
      case FromWorkerKind.Done:
        this.#done(message[1], message[2], message[3]);
        return;
      case FromWorkerKind.Failed: {
        const job = this.#find(message[1]);
        const error = decodeError(message[2], linesOf(job.site));
        if (this.#answer(job)) job.onFailed(error, message[3]);
        return;
      }
      case FromWorkerKind.ChunkDone:
        this.#chunkDone(message);
        return;
      case FromWorkerKind.Yielded:
        this.#yielded(message[1], message[2], message[3]);
        return;
      case FromWorkerKind.Ready:
        if (this.#state !== "booting") throw new TypeError("Cannot become ready twice");
        this.#state = "ready";
        this.#hold(this.#flight.size > 0);
        this.#owner.onReady();
        return;
      case FromWorkerKind.InitFailed:
        if (this.#state !== "booting") throw new TypeError("Cannot fail to boot once ready");
        this.#owner.onInitFailed(this, decodeError(message[1]));
        return;
      case FromWorkerKind.Crashed:
        this.#crash(decodeError(message[1]));
        return;
      case FromWorkerKind.Handshake: {
        const [, ...handshake] = message;
        accept(handshake);
      }
    }
  }

  #crash(cause: unknown): void {
    if (this.#state !== "dead") this.#owner.onCrash(this, cause);
  }

  #done(call: number, value: unknown, packed?: true): void {
    const job = this.#find(call);
    if (isChunk(job)) throw new TypeError("Cannot take a single result for a chunk");
    if (!this.#answer(job)) return;
    if (packed) unpackFor(job, value as Packed, (unpacked) => job.onDone(unpacked));
    else job.onDone(value);
  }

  #chunkDone([, call, list, ms, error, cancelled = false]: ChunkDoneMessage): void {
    const job = this.#find(call);
    if (!isChunk(job)) throw new TypeError("Cannot take results for what is no chunk");
    const failure = error && { error: decodeError(error, linesOf(job.site)), cancelled };
    let results: unknown = list;
    try {
      if (!Array.isArray(list)) results = unpack(list);
    } catch (fault) {
      if (this.#answer(job)) job.onLost(fault);
      return;
    }
    // Before it counts as answered, so that it is not lost with the worker.
    checkResults(results, job.input.length, failure !== undefined);
    if (this.#answer(job)) job.onChunkDone(results, ms, failure);
  }

  #yielded(call: number, value: unknown, packed?: true): void {
    const job = this.#flight.first;
    if (job?.call !== call || job.form !== "stream") {
      throw new TypeError("Cannot take a value for a stream that is not under way");
    }
    // The loop was left, and the generator has not heard of it yet.
    if (job.answered) return;
    if (packed) unpackFor(job, value as Packed, (unpacked) => job.onYielded(unpacked));
    else job.onYielded(value);
  }

  /**
   * The job that an answer is for.
   *
   * Calls are begun in the order in which they were sent, and mostly answered so. A plain result in
   * the table is read with the next message, though, which may be that of the call before:
   *
   * ```text
   * worker: the message with the result of call 6 is on its way; that of call 7 goes into the table
   * here:   the message of call 6 is there: the table is read first, so that 7 comes before 6
   * ```
   *
   * @throws {TypeError} If it has no such job: honest workers answer each call once.
   */
  #find(call: number): Job {
    let job = this.#flight.first;
    while (job !== undefined && job.call !== call) job = job.next as Job | undefined;
    if (job === undefined) {
      throw new TypeError(`Cannot take an answer for call ${call}: it has none`);
    }
    return job;
  }

  /** The final answer to a job is here. `false` if nobody waits for it any more. */
  #answer(job: Job): boolean {
    this.#take(job);
    if (!job.answered) return true;
    // It was asked to stop, and did so in time: its worker lives on. The next one may have been
    // asked, too, before this answer was read:
    //
    //   one.cancel();     // is about to end; the grace begins
    //   two.cancel();     // was begun meanwhile, and never ends
    this.#grace = void this.#grace?.stop();
    if (this.#flight.first?.answered) this.#startGrace();
    return false;
  }

  #startGrace(): void {
    const { cancelGrace } = this.#owner.settings;
    if (this.#grace !== undefined || cancelGrace === Infinity) return;
    this.#grace = startTimer(cancelGrace, () => {
      this.#grace = undefined;
      // It has come to its end just now, and the answer is on its way: another call was begun since,
      // which must not be lost with the worker. See "Random programs" in pool_programs_test.ts.
      if (!this.#movedOn()) this.#owner.onGraceOver(this);
    });
  }

  /** Whether it has begun a call that somebody waits for, and so ended those before. */
  #movedOn(): boolean {
    const { table } = this.#hosted;
    if (table === undefined) return false;
    for (const job of this.#flight) if (!job.answered && table.begun(job.call)) return true;
    return false;
  }

  #take(job: Job): void {
    const { first } = this.#flight;
    this.#flight.remove(job);
    if (first === job) this.#flight.first?.onBegun(this.name);
    job.worker = undefined;
    if (this.#flight.size === 0 && this.#state !== "booting") this.#hold(false);
  }

  /** Send a job: with those that follow at once, or by itself. */
  #send(job: Job): void {
    const traceparent = job.told?.traceparent;
    if (traceparent !== undefined) this.post([ToWorkerKind.Trace, job.call, traceparent]);
    if (job.form === "call" && job.maxBatch > 1) {
      this.#batch.push(job.call, job.fn.number, job.input);
      this.#batched.push(job);
      return;
    }
    const transfer = [...job.options?.transfer ?? []];
    const list = job.special ? pack(job.input, transfer, this.#owner.refuse) : job.input;
    this.post(job.message(list), transfer);
    job.moved = transfer.length > 0;
  }

  #refuse(job: Job, error: unknown): void {
    // It was taken back before its batch went out.
    if (job.worker !== this) return;
    this.#take(job);
    this.#tasks -= job.tasks;
    this.#hosted.table?.revoke(job.call);
    if (!job.answered) job.onLost(error);
    this.#owner.onFree();
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

  #hold(held: boolean): void {
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#hosted.ref();
    else this.#hosted.unref();
  }
}
