import { isThenable } from "../base/thenable.ts";
import type { CancelledError } from "../errors.ts";
import type { ContextSnapshot } from "../base/async_context.ts";
import { contextSnapshot, forget, type Inhabitant, runInFiber, type TaskOwner } from "./context.ts";
import { groupFailure } from "./exception_group.ts";
import { callSoon, type Handle, parked, resumed } from "./scheduler.ts";
import { CancelScope, isUnderWay } from "./cancel_scope.ts";
import type { Task } from "./task.ts";

let launch: (fiber: Fiber) => void;

/**
 * A function under way as a task: it stands in its owner from its beginning to its end, takes its
 * first turn, and can be asked to stop. The scope, and where nobody asked for it yet the task that
 * users see, are made when they are first needed.
 */
export abstract class Fiber implements Inhabitant, Handle {
  slot = -1;
  /** For the context: its number while code runs in it. */
  id = 0;
  /** Whether its function has ended, or will never run. */
  ended = false;
  readonly owner: TaskOwner;
  #scope: CancelScope | undefined = undefined;
  #around: ContextSnapshot;

  static {
    launch = (fiber) => fiber.#launch();
  }

  constructor(owner: TaskOwner, around: ContextSnapshot = contextSnapshot()) {
    this.owner = owner;
    this.#around = around;
  }

  /** What users see of it. */
  abstract get task(): Task<unknown>;

  /** The scope of the whole. */
  get scope(): CancelScope {
    return this.#scope ??= new CancelScope(this, this.owner.runContext);
  }

  /** How many requests to stop it has been sent, and were not taken back. */
  get total(): number {
    return this.#scope?.total ?? 0;
  }

  /** Whether it is being asked to stop right now. */
  get beingAsked(): boolean {
    return this.#scope !== undefined && isUnderWay(this.#scope);
  }

  /** Enter its owner, and start in a turn of its own. */
  enter(): void {
    this.owner.tasks.append(this);
    callSoon(this);
  }

  /** Ask it to stop; `false` if it has ended. */
  ask(error: CancelledError): boolean {
    if (this.ended) return false;
    this.scope.cancel(error);
    return true;
  }

  run(): void {
    const cancelled = this.#scope?.pending;
    if (cancelled !== undefined) {
      this.#end();
      this.onCancelled(cancelled);
      return;
    }
    resumed(this);
    runInFiber(this, this.#around, launch, this);
  }

  /** For `follow`: its function has returned. */
  finish(value: unknown): void {
    if (this.ended) return;
    const cancelled = this.#scope?.pending;
    this.#end();
    if (cancelled === undefined) this.onValue(value);
    else this.onCancelled(cancelled);
  }

  /** For `follow`: its function has failed. */
  fail(error: unknown): void {
    if (this.ended) return;
    const cancelled = this.scope.cancellation(error);
    this.#end();
    if (cancelled === undefined) this.onFailure(groupFailure(error));
    else this.onCancelled(cancelled);
  }

  /** Call its function: in its turn, as the code of this fiber. */
  protected abstract call(): unknown;

  /** Its function has returned a promise, or what looks like one. */
  protected follow(result: PromiseLike<unknown>): void {
    // What is no promise may throw here, call back twice, or give yet another one.
    Promise.resolve(result).then((value) => this.finish(value), (error) => this.fail(error));
  }

  /** Its function has returned. */
  protected abstract onValue(value: unknown): void;
  /** Its function has failed. */
  protected abstract onFailure(error: unknown): void;
  /** It was asked to stop, and has stopped. */
  protected abstract onCancelled(error: CancelledError): void;

  #launch(): void {
    try {
      const result = this.call();
      if (isThenable(result)) this.follow(result);
      else this.finish(result);
    } catch (error) {
      this.fail(error);
    }
  }

  #end(): void {
    this.ended = true;
    this.#around = undefined;
    if (this.owner.ended === undefined) this.owner.tasks.remove(this);
    forget(this);
    // A task that waited long for its turn is old to the garbage collector: it would keep alive
    // the young scope that it had for a moment, and all that hangs on it.
    if (this.#scope?.total === 0) this.#scope = undefined;
    parked(this);
  }
}
