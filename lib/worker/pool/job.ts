import { type CancelledError, WorkerCrashedError } from "../../errors.ts";
import { LinkedEntry, LinkedList } from "../../base/linked_list.ts";
import type { CallOptions } from "../../executor/executor.ts";
import type { MapFailure, MapSource } from "../../executor/map_output.ts";
import type { Described } from "../../wire/describe_function.ts";
import type { List, ToWorker } from "../protocol.ts";
import type { CallSite } from "./caller_stack.ts";
import { ToldCall } from "./told_call.ts";

/** What has become of the calls of a pool. */
export interface Counts {
  completed: number;
  failed: number;
  cancelled: number;
  crashed: number;
}

/**
 * What calls, chunks, maps and streams need of whatever has them done: a pool of workers here, or a
 * queue of jobs that other machines take from.
 */
export interface JobOwner {
  readonly settings: {
    readonly name: string;
    /** How many jobs can be under way at once; it may change. */
    readonly maxWorkers: number;
    /** How many items a chunk may have at most. */
    readonly maxTasksPerWorker: number;
    /** How many milliseconds a chunk of a map ought to take. */
    readonly chunkMs: number;
    /** How many bytes of items a chunk may have at most, roughly, where there is a limit. */
    readonly chunkBytes?: number;
  };
  /** How many short calls a worker has in hand at a time, where there can be several. */
  readonly ahead?: number;
  /** How many more jobs it takes now; the rest has to wait outside. */
  readonly room: number;
  /** How many workers could not be ended, where there are workers. */
  readonly stuck?: number;
  /** Jobs count themselves here as they end. */
  readonly counts: Counts;
  /** Refuse new work where there can be none. `what` completes "Cannot …". */
  checkOpen(what: string): void;
  /** The number of a new job, which counts as open from here on. The older job has the lower one. */
  nextOrder(): number;
  /** A job that was open has its answer. */
  jobEnded(): void;
  /** Have a job done. Its `on…` methods are told what becomes of it. */
  add(job: Job): void;
  /** Call a job off whose caller has its answer already: nothing is heard of it any more. */
  withdraw(job: Job, error: CancelledError): void;
  /** Something that makes jobs has begun … */
  enter(source: MapSource): void;
  /** … and makes no more. */
  leave(source: MapSource): void;
}

/** What a job needs of the worker that has it. */
export interface JobWorker {
  /** Send it a message. */
  post(message: ToWorker): void;
  /** Ask it to stop the job, or take the job back if it has not begun it. */
  stop(job: Job, error: CancelledError): void;
}

/** What the input of a job is: the arguments of one call, or items, each with one or all arguments. */
export type JobForm = "call" | "map" | "starmap" | "stream";

/** Something for a worker to do, on the pool's side: it waits in the queue or is with a worker. */
export abstract class Job extends LinkedEntry {
  /** What `input` is. */
  abstract readonly form: JobForm;
  /** Whether something in `input` has to be packed before it is sent. */
  abstract readonly special: boolean;
  readonly owner: JobOwner;
  readonly fn: Described;
  /** The arguments of the call, or the items of the chunk. They are read as the job is sent. */
  readonly input: unknown[];
  /** Where the call was made. */
  readonly site: CallSite | undefined;
  /** What the caller asked for beyond that, if it is a single call. */
  readonly options: CallOptions | undefined;
  /** Which came first, among jobs of the same priority. */
  readonly order: number;
  /** How many jobs one worker may have when this is one of them; 1 if it wants it for itself. */
  maxBatch = 1;
  /** The worker that has it. */
  worker: JobWorker | undefined = undefined;
  /** What that worker knows it by. */
  call = -1;
  /** Whether sending it took things away from the caller, so that it cannot be sent again. */
  moved = false;
  /** How many workers died when it was next, and none of them had begun it. */
  deaths = 0;
  /** Whether its caller has an answer already. */
  answered = false;
  /** What hooks were told of it, if there were any. */
  readonly told: ToldCall | undefined;

  constructor(
    owner: JobOwner,
    fn: Described,
    input: unknown[],
    site: CallSite | undefined,
    options?: CallOptions,
  ) {
    super();
    this.owner = owner;
    this.fn = fn;
    this.input = input;
    this.site = site;
    this.options = options;
    this.order = owner.nextOrder();
    this.told = ToldCall.submitted(owner, fn);
  }

  /** Jobs of a higher priority come first. */
  get priority(): number {
    return this.options?.priority ?? 0;
  }

  /** What it is a part of, if it is one: a map. */
  get whole(): object | undefined {
    return undefined;
  }

  /** How many tasks it counts for. */
  get tasks(): number {
    return 1;
  }

  /** What its worker is told; `list` is its input, packed if need be. */
  abstract message(list: List): ToWorker;

  /** Its worker can begin it now, if it has not. */
  onTurn(): void {}
  /** It was taken back from a worker that had not begun it, and waits again. */
  onTakenBack(): void {}
  /** It is the next that its worker does, or the one that it is at. */
  onBegun(worker: string): void {
    this.told?.begun(worker);
  }
  /** It yielded a value. */
  onYielded(_value: unknown): void {}
  /** It ended well. A chunk says `onChunkDone` instead. */
  onDone(_value: unknown): void {}
  /** It failed in the worker, or as it was asked to was cancelled there. */
  abstract onFailed(error: unknown, cancelled: boolean): void;
  /** A chunk is over: `results` are those of its first items, `failure` what came after them. */
  onChunkDone(_results: unknown[], _ms: number, _failure: MapFailure | undefined): void {}
  /** It cannot be done: it could not be sent, its worker died, or the pool broke. */
  abstract onLost(error: unknown): void;
  /** The pool calls it off. */
  abstract onCancelled(error: CancelledError): void;
  /** Its worker died. */
  onCrashed(error: WorkerCrashedError): void {
    this.onLost(error);
  }
}

/** The error for a call whose worker died. */
export function crashed(name: string, cause: unknown): WorkerCrashedError {
  const message = `The worker "${name}" died while it ran the call`;
  return cause === undefined
    ? new WorkerCrashedError(message)
    : new WorkerCrashedError(message, { cause });
}

/** Jobs that wait for a worker: the higher priority first, and among equals in order of arrival. */
export class JobQueue {
  /** A list for each priority; the highest last. */
  readonly #levels: { priority: number; jobs: LinkedList<Job> }[] = [];
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /** Add a new job, behind its equals. */
  add(job: Job): void {
    this.#level(job.priority).append(job);
    this.#size++;
  }

  /** Add a job that waited here before: it is older than nearly all that wait now. */
  putBack(job: Job): void {
    const jobs = this.#level(job.priority);
    let older: Job | undefined = undefined;
    for (const waiting of jobs) {
      if (waiting.order > job.order) break;
      older = waiting;
    }
    jobs.insertAfter(older, job);
    this.#size++;
  }

  /** The next job, left where it is. */
  peek(): Job | undefined {
    for (let i = this.#levels.length - 1; i >= 0; i--) {
      const first = this.#levels[i]!.jobs.first;
      if (first !== undefined) return first;
      if (i > 0) this.#levels.length = i;
    }
    return undefined;
  }

  /** Take a job out; `false` if it does not wait here. */
  remove(job: Job): boolean {
    for (const { priority, jobs } of this.#levels) {
      if (priority !== job.priority) continue;
      if (!jobs.remove(job)) return false;
      this.#size--;
      return true;
    }
    return false;
  }

  /** Take every job out. */
  clear(): Job[] {
    const all: Job[] = [];
    for (let job = this.peek(); job !== undefined; job = this.peek()) {
      this.remove(job);
      all.push(job);
    }
    return all;
  }

  #level(priority: number): LinkedList<Job> {
    let at = this.#levels.length;
    while (at > 0 && this.#levels[at - 1]!.priority > priority) at--;
    const found = this.#levels[at - 1];
    if (found?.priority === priority) return found.jobs;
    const jobs = new LinkedList<Job>();
    this.#levels.splice(at, 0, { priority, jobs });
    return jobs;
  }
}
