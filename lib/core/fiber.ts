import { isThenable } from "../base/is_thenable.ts";
import type { CancelledError } from "../task_errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { nextTurn, now, roughNow } from "../base/clock.ts";
import type { Slotted } from "../base/slot_queue.ts";
import { contextSnapshot, currentFiber, runInFiber, type TaskOwner } from "./context.ts";
import { forget } from "./fiber_numbers.ts";
import { groupFailure } from "./exception_group.ts";
import { instruments, type Outcome } from "./instrument.ts";
import { callSoon, type Handle, parked, resumed, type Stepping } from "./scheduler.ts";
import type { Stoppable } from "./future.ts";
import { CancelScope } from "./cancel_scope.ts";
import { isUnderWay } from "./carry_out.ts";
import type { Task } from "./task.ts";
import type { WaitSubject } from "./wait_subject.ts";
import type { Waiter } from "./waiter.ts";

/** The fibers of which hooks were told. */
const told = new WeakSet<Fiber>();

const DONE: Outcome = { state: "done" };

/** Who is told of every fiber as it is created. */
let created: ((fiber: Fiber) => void) | undefined;

/** Call `fn` with every fiber that is created from now on. */
export function onCreation(fn: ((fiber: Fiber) => void) | undefined): void {
  created = fn;
}

let launch: (fiber: Fiber) => void;

// Not the method of a promise that is looked at for races.
const { then } = Promise.prototype;

/**
 * A function under way as a task: it stands in its owner from its beginning to its end, takes its
 * first turn, and can be asked to stop. The scope, and where nobody asked for it yet the task that
 * users see, are made when they are first needed.
 */
export abstract class Fiber implements Slotted, Handle, Stepping, Stoppable {
  slot = -1;
  /** For the context: its number while code runs in it. */
  id = 0;
  /** Whether its function has ended, or will never run. */
  ended = false;
  readonly owner: TaskOwner;
  /** The number of the fiber that created it, 0 outside any. */
  readonly creator: number;
  /** When it was last created, begun or gone on, on the scale of the clock, as far as it was read. */
  since: number;
  #scope: CancelScope | undefined = undefined;
  #around: ContextSnapshot;

  static {
    launch = (fiber) => fiber.#launch();
  }

  constructor(owner: TaskOwner, around: ContextSnapshot = contextSnapshot()) {
    this.owner = owner;
    this.#around = around;
    const creator = currentFiber();
    this.creator = creator;
    if (creator === 0) now(); // something from outside: time may have gone by
    this.since = roughNow();
  }

  /** For the scheduler: what runs on as this fiber does. */
  get kind(): object {
    return this;
  }

  /** What users see of it. */
  abstract get task(): Task<unknown>;

  /** The scope of the whole. */
  get scope(): CancelScope {
    return this.#scope ??= new CancelScope(this, this.owner.runContext);
  }

  /** Whether its function was called. */
  get started(): boolean {
    return this.id !== 0 || this.ended;
  }

  /** The waits that it is in, those side by side included. */
  waits(): Iterable<Waiter<unknown, unknown>> {
    return this.#scope === undefined ? [] : this.#scope.waits();
  }

  /** How many requests to stop it has been sent, and were not taken back. */
  get cancelsRequested(): number {
    return this.#scope?.cancelsRequested ?? 0;
  }

  beingStopped(): boolean {
    return this.#scope !== undefined && isUnderWay(this.#scope);
  }

  subject(): WaitSubject {
    return { kind: "Task", name: this.task.name, holder: this };
  }

  /** Enter its owner, and start in a turn of its own. */
  enter(): void {
    this.owner.tasks.append(this);
    created?.(this);
    if (instruments() !== undefined) this.#tellCreated();
    callSoon(this);
  }

  stop(error: CancelledError): boolean {
    if (this.ended) return false;
    this.scope.cancel(error);
    return true;
  }

  run(): void {
    const cancelled = this.#scope?.pending;
    if (cancelled !== undefined) {
      this.#end({ state: "cancelled", error: cancelled });
      this.onCancelled(cancelled);
      return;
    }
    resumed(this);
    this.since = roughNow();
    runInFiber(this, this.#around, launch, this);
  }

  /** For `follow`: its function has returned. */
  finish(value: unknown): void {
    if (this.ended) return;
    // The last thing that it awaited may be where it heard of the cancellation:
    //     const get = queue.get(); await fetch(url);   // the cancellation comes here
    //     await get.catch(() => {});                   // and is heard of here: it has ended well
    if (this.#scope?.doubted) {
      this.#scope.settleDoubt();
      nextTurn(() => this.finish(value));
      return;
    }
    const cancelled = this.#scope?.pending;
    this.#end(cancelled === undefined ? DONE : { state: "cancelled", error: cancelled });
    if (cancelled === undefined) this.onValue(value);
    else this.onCancelled(cancelled);
  }

  /** For `follow`: its function has failed. */
  fail(error: unknown): void {
    if (this.ended) return;
    const cancelled = this.scope.cancellation(error);
    if (cancelled === undefined) {
      const failure = groupFailure(error);
      this.#end({ state: "failed", error: failure });
      this.onFailure(failure);
    } else {
      this.#end({ state: "cancelled", error: cancelled });
      this.onCancelled(cancelled);
    }
  }

  /** Call its function: in its turn, as the code of this fiber. */
  protected abstract call(): unknown;

  /** Its function has returned a promise, or what looks like one. */
  protected follow(result: PromiseLike<unknown>): void {
    // What is no promise may throw here, call back twice, or give yet another one.
    then.call(Promise.resolve(result), (value) => this.finish(value), (error) => this.fail(error));
  }

  /** Its function has returned. */
  protected abstract onValue(value: unknown): void;
  /** Its function has failed. */
  protected abstract onFailure(error: unknown): void;
  /** It was asked to stop, and has stopped. */
  protected abstract onCancelled(error: CancelledError): void;

  #launch(): void {
    try {
      const result = instruments() === undefined ? this.call() : this.#callForHooks();
      if (isThenable(result)) this.follow(result);
      else this.finish(result);
    } catch (error) {
      this.fail(error);
    }
  }

  // In a function of its own: what a closure captures is allocated whether there is one or not.
  #callForHooks(): unknown {
    return told.has(this) ? instruments()!.startTask(this, () => this.call()) : this.call();
  }

  #tellCreated(): void {
    now();
    told.add(this);
    instruments()!.taskCreated(this);
  }

  #end(outcome: Outcome): void {
    this.ended = true;
    if (instruments() !== undefined && told.has(this)) instruments()!.taskEnded(this, outcome);
    this.#around = undefined;
    if (this.owner.ended === undefined) this.owner.tasks.remove(this);
    forget(this);
    // A task that waited long for its turn is old to the garbage collector: it would keep alive
    // the young scope that it had for a moment, and all that hangs on it.
    if (this.#scope?.cancelsRequested === 0) this.#scope = undefined;
    parked(this);
  }
}
