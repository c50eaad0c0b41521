/**
 * Workers that only say what workers say, in virtual time: nothing is run, so that a test can hold
 * thousands of programs of a pool to its rules in a second.
 *
 * @module
 */
import { CancelledError } from "../../mod.ts";
import { CallTable, type HandedCall } from "../../lib/worker/call_table.ts";
import type { Host, HostedWorker, WorkerListener } from "../../lib/worker/hosts/host.ts";
import {
  type FromWorker,
  FromWorkerKind,
  type ToWorker,
  ToWorkerKind,
} from "../../lib/worker/protocol.ts";
import { pack } from "../../lib/wire/packing.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual_time.ts";

/** What a simulated call or item does. */
export interface Task {
  /** Its result. */
  id: number;
  /** How many milliseconds it takes. */
  ms: number;
  how: "returns" | "fails" | "dies";
  /** Whether it goes on when it is asked to stop. */
  stubborn: boolean;
}

/** What a simulated host does besides. */
export interface Weather {
  /** Whether memory is shared, as with threads. */
  shares: boolean;
  /** How often a worker dies as it boots. */
  falseStarts: number;
  /** How often one that is killed is not gone for a long time. */
  stuck: number;
}

interface Work {
  kind: "call" | "chunk" | "stream";
  call: number;
  tasks: Task[];
}

/** A call goes by memory if its arguments are plain: a task is told of by its number. */
class TaskTable extends CallTable {
  readonly #tasks = new Map<number, Task>();

  override hand(call: number, fn: number, args: readonly unknown[]): boolean {
    const [task] = args as [Task];
    this.#tasks.set(task.id, task);
    return super.hand(call, fn, [task.id]);
  }

  override close(): HandedCall | undefined {
    const handed = super.close();
    return handed && { ...handed, args: handed.args.map((id) => this.#tasks.get(id as number)) };
  }
}

/** Memory for tables, used again by the next host: to get it takes longer than all else in a program. */
class TableMemory {
  static readonly #free: ArrayBufferLike[] = [];
  readonly #used: ArrayBufferLike[] = [];

  makeTable(): TaskTable {
    const memory = TableMemory.#free.pop();
    if (memory !== undefined) new Uint8Array(memory).fill(0);
    const table = new TaskTable(memory);
    this.#used.push(table.memory);
    return table;
  }

  /** Nobody looks at the tables any more. */
  release(): void {
    TableMemory.#free.push(...this.#used.splice(0));
  }
}

class SimulatedWorker implements HostedWorker {
  readonly table: CallTable | undefined;
  readonly #host: SimulatedHost;
  readonly #listener: WorkerListener;
  readonly #waiting: Work[] = [];
  #current: Work | undefined;
  #ready = false;
  /** Whether the pool has heard that it is ready. */
  #known = false;
  #over = false;
  #gone = false;
  #next = -1;

  constructor(host: SimulatedHost, listener: WorkerListener) {
    this.#host = host;
    this.#listener = listener;
    if (host.weather.shares) this.table = host.memory.makeTable();
    const { random } = host;
    const dies = !host.failedLast && random.chance(host.weather.falseStarts);
    host.failedLast ||= dies;
    if (dies) host.dying.add(this);
    this.#after(random.int(1, 20), () => {
      if (dies) return this.die();
      this.#ready = true;
      this.#say([FromWorkerKind.Ready]);
      host.time.after(0, () => {
        host.failedLast = host.dying.size > 0;
        this.#known = true;
      });
      this.#begin();
    });
  }

  get ready(): boolean {
    return this.#known && !this.#over;
  }

  /** Die, as of a kill from outside. */
  die(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone = true;
    this.#host.dying.delete(this);
    this.#host.time.stop(this.#next);
    this.#listener.onExit(new Error("It died"));
  }

  post(message: ToWorker): void {
    this.#takeHanded();
    this.table?.posted();
    this.table?.received();
    switch (message[0]) {
      case ToWorkerKind.Calls:
        for (let i = 1; i < message.length; i += 3) {
          const [call, , args] = message.slice(i, i + 3) as [number, number, Task[]];
          this.#waiting.push({ kind: "call", call, tasks: args });
        }
        break;
      case ToWorkerKind.Chunk: {
        const [, call, , items, spread] = message;
        const tasks = spread ? (items as Task[][]).map(([task]) => task!) : items as Task[];
        this.#waiting.push({ kind: "chunk", call, tasks });
        break;
      }
      case ToWorkerKind.Stream:
        this.#waiting.push({ kind: "stream", call: message[1], tasks: message[3] as Task[] });
        break;
      case ToWorkerKind.Cancel:
        this.#cancel(message[1]);
    }
    this.#begin();
  }

  ref(): void {}

  unref(): void {}

  kill(): void {
    if (this.#over) return;
    this.#over = true;
    this.#host.dying.delete(this);
    this.#host.time.stop(this.#next);
    const ms = this.#host.random.chance(this.#host.weather.stuck) ? 5_000 : 1;
    this.#host.time.after(ms, () => {
      if (this.#gone) return;
      this.#gone = true;
      this.#listener.onExit(undefined);
    });
  }

  #after(ms: number, run: () => void): void {
    this.#next = this.#host.time.after(ms, () => {
      if (!this.#over) run();
    });
  }

  #begin(): void {
    while (this.#ready && !this.#over && this.#current === undefined) {
      const work = this.#waiting.shift();
      if (work === undefined) return this.#look();
      const claim = this.table?.claim(work.call) ?? "mine";
      if (claim === "stopped") this.#stopped(work);
      if (claim !== "mine") continue;
      this.#current = work;
      const last = work.tasks.findIndex(({ how }) => how !== "returns");
      const done = last < 0 ? work.tasks : work.tasks.slice(0, last + 1);
      this.#after(done.reduce((sum, { ms }) => sum + ms, 0), () => this.#end(work, done));
    }
  }

  /** Take the next call by memory, if it comes in a moment. */
  #look(): void {
    const { table } = this;
    if (table === undefined || !this.#host.random.chance(0.7)) return;
    table.open();
    this.#host.time.after(this.#host.random.pick(0, 1, 20), () => {
      if (!this.#over && this.#takeHanded()) this.#begin();
    });
  }

  #takeHanded(): boolean {
    const handed = this.table?.close();
    if (handed === undefined) return false;
    this.#waiting.push({ kind: "call", call: handed.call, tasks: handed.args as Task[] });
    return true;
  }

  #end(work: Work, done: Task[]): void {
    const last = done.at(-1)!;
    if (last.how === "dies") return this.die();
    this.#current = undefined;
    const failed = last.how === "fails" ? pack(new Error(`${last.id}`), []) : undefined;
    if (work.kind === "chunk") {
      const results = (failed ? done.slice(0, -1) : done).map(({ id }) => id);
      const ms = done.reduce((sum, { ms }) => sum + ms, 0);
      if (failed) this.#say([FromWorkerKind.ChunkDone, work.call, results, ms, failed, false]);
      else this.#say([FromWorkerKind.ChunkDone, work.call, results, ms]);
    } else {
      if (work.kind === "stream") {
        for (const { id, how } of done) {
          if (how === "returns") this.#say([FromWorkerKind.Yielded, work.call, id]);
        }
      }
      if (failed) this.#say([FromWorkerKind.Failed, work.call, failed, false]);
      else if (work.kind === "stream") this.#say([FromWorkerKind.Done, work.call, undefined]);
      else this.#result(work.call, last.id);
    }
    this.#begin();
  }

  /** A plain result: through the table, or in a message. */
  #result(call: number, id: number): void {
    if (this.table === undefined || this.#host.random.chance(0.3)) {
      return this.#say([FromWorkerKind.Done, call, id]);
    }
    this.table.put(call, id);
    if (this.table.ringDoorbell()) this.#say(FromWorkerKind.Doorbell);
  }

  #cancel(call: number): void {
    const work = this.#current;
    if (work?.call !== call || work.tasks.some(({ stubborn }) => stubborn)) return;
    this.#host.time.stop(this.#next);
    this.#after(1, () => {
      this.#current = undefined;
      this.#stopped(work);
      this.#begin();
    });
  }

  #stopped({ kind, call }: Work): void {
    const error = pack(new CancelledError("It was cancelled"), []);
    if (kind === "chunk") this.#say([FromWorkerKind.ChunkDone, call, [], 1, error, true]);
    else this.#say([FromWorkerKind.Failed, call, error, true]);
  }

  /** A message takes a moment to get there. */
  #say(message: FromWorker): void {
    this.#host.time.after(0, () => {
      if (!this.#gone) this.#listener.onMessage(message);
    });
  }
}

/** Starts such workers. */
export class SimulatedHost implements Host, Disposable {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly weather: Weather;
  /** Whether a worker died as it booted since the last was ready: some in a row break the pool. */
  failedLast = false;
  /** Those that are about to do so. */
  readonly dying: Set<HostedWorker> = new Set();
  readonly memory: TableMemory = new TableMemory();
  readonly #workers = new Set<SimulatedWorker>();

  constructor(time: VirtualTime, random: Random, weather: Weather) {
    this.time = time;
    this.random = random;
    this.weather = weather;
  }

  get sharesMemory(): boolean {
    return this.weather.shares;
  }

  get killsBusy(): boolean {
    return this.weather.stuck === 0;
  }

  spawn(_name: string, listener: WorkerListener): HostedWorker {
    const worker = new SimulatedWorker(this, listener);
    this.#workers.add(worker);
    return worker;
  }

  /** The program is over. */
  [Symbol.dispose](): void {
    this.memory.release();
  }

  /** Let one of the workers die, once it has booted: three that never do so break the pool. */
  killOne(): void {
    const ready = [...this.#workers].filter((worker) => worker.ready);
    if (ready.length > 0) this.random.pick(...ready).die();
  }
}
