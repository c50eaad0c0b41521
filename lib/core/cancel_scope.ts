import { CancelledError } from "../errors.ts";
import { watchDelivery } from "./cancellation.ts";
import { now } from "../base/clock.ts";
import { isInstance, readError } from "../base/instance.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import type { RunContext } from "./context.ts";
import type { HeldWait } from "./held_wait.ts";
import type { Fiber } from "./fiber.ts";
import type { Task } from "./task.ts";
import type { Waiter } from "./waiter.ts";

/** What a cancellation reaches: a wait, or a scope within a scope. */
export interface Interruptible {
  /**
   * Call it off. `true` if that ends, or will end, a wait; `false` if there was nothing to reach.
   */
  interrupt(error: CancelledError): boolean;
  /** Take back an interruption that has not been delivered yet. */
  pardon(): void;
  /** For the scope that it is in: its scopeIndex there. */
  scopeIndex: number;
}

class Members extends SlotQueue<Interruptible> {
  protected override slotOf(member: Interruptible): number {
    return member.scopeIndex;
  }

  protected override setSlot(member: Interruptible, slot: number): void {
    member.scopeIndex = slot;
  }
}

/** A request to stop that is being carried out. */
class Request {
  readonly scope: CancelScope;
  readonly carryOut: () => void;
  begun = false;

  constructor(scope: CancelScope, carryOut: () => void) {
    this.scope = scope;
    this.carryOut = carryOut;
  }
}

// A cancellation that reaches another task through a wait on it is carried out on a stack of its
// own: a chain of 100,000 tasks that await one another must not grow the real one.
let requests: Request[] | undefined;
const underWay: Set<CancelScope> = new Set();

function settleInTurn(request: Request): void {
  if (requests !== undefined) {
    requests.push(request);
    return;
  }
  requests = [request];
  try {
    for (let last = requests.at(-1); last !== undefined; last = requests.at(-1)) {
      if (last.begun || underWay.has(last.scope)) {
        if (last.begun) underWay.delete(last.scope);
        requests.pop();
        continue;
      }
      last.begun = true;
      underWay.add(last.scope);
      const size = requests.length;
      last.carryOut();
      // What came first goes first.
      for (let i = size, j = requests.length - 1; i < j; i++, j--) {
        [requests[i], requests[j]] = [requests[j]!, requests[i]!];
      }
    }
  } finally {
    requests = undefined;
    underWay.clear();
  }
}

/**
 * Whether the request to stop that is being carried out came from this scope: tasks that await one
 * another in a circle must not pass it round for ever.
 */
export function isUnderWay(scope: CancelScope): boolean {
  return underWay.has(scope);
}

/** When fibers were last asked to stop, on the scale of the clock. */
export const askedAt: WeakMap<Fiber, number> = new WeakMap();

/**
 * A stretch of a task that can be cancelled by itself: the task as a whole, or the body of a
 * timeout or a group within it.
 *
 * Every wait that user code begins is a member of the scope it was begun in, until it ends.
 */
export class CancelScope implements Interruptible, HeldWait {
  readonly fiber: Fiber;
  readonly runContext: RunContext;
  scopeIndex = -1;
  /** Whether the body that ran in it has ended. */
  closed = false;
  parent: CancelScope | undefined;
  /** On the scope of the whole task: how many requests its task has been sent and were not taken back. */
  total = 0;
  /** The scope of the innermost `await using` group opened in this one, else itself. */
  innermost: CancelScope = this;
  /** How often this scope was asked to stop and the request was not taken back. */
  requests = 0;
  /** A cancellation that found nothing to call off: the next wait takes it. */
  pending: CancelledError | undefined = undefined;
  #only: Interruptible | undefined = undefined;
  #more: Members | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  #aborted: CancelledError | undefined = undefined;
  /** How often it was asked to stop, taken back or not. */
  #asked = 0;

  constructor(fiber: Fiber, runContext: RunContext, parent?: CancelScope) {
    this.fiber = fiber;
    this.runContext = runContext;
    this.parent = parent;
    parent?.enter(this);
  }

  /** The task that it is a stretch of. */
  get task(): Task<unknown> {
    return this.fiber.task;
  }

  /** Add a wait, or a scope, that a cancellation of this scope has to reach. */
  enter(member: Interruptible): void {
    if (this.#only === undefined) this.#only = member;
    else (this.#more ??= new Members()).append(member);
  }

  /** Every wait that was begun in it or in the scopes within it. */
  *waits(): IterableIterator<Waiter<unknown, unknown>> {
    const scopes: CancelScope[] = [this];
    for (let scope = scopes.pop(); scope !== undefined; scope = scopes.pop()) {
      const members = scope.#only === undefined ? [] : [scope.#only];
      for (const member of [...members, ...scope.#more ?? []]) {
        if (member instanceof CancelScope) scopes.push(member);
        else yield member as Waiter<unknown, unknown>;
      }
    }
  }

  /** Take it out again. */
  leave(member: Interruptible): void {
    if (this.#only === member) this.#only = undefined;
    else this.#more?.remove(member);
    if (this.closed && this.#isEmpty()) this.parent?.leave(this);
  }

  /** Begin a scope that everything from now on in this one belongs to: an `await using` group. */
  open(): CancelScope {
    // deno-lint-ignore no-this-alias
    let holder: CancelScope = this;
    while (holder instanceof OpenCancelScope) holder = holder.holder;
    return holder.innermost = new OpenCancelScope(this, holder);
  }

  /** The scope of the whole task. */
  root(): CancelScope {
    // deno-lint-ignore no-this-alias
    let scope: CancelScope = this;
    while (scope.parent !== undefined) scope = scope.parent;
    return scope;
  }

  /** End the scope: its own requests are taken back, and its waits are left to its parent. */
  close(): void {
    this.closed = true;
    if (this.#isEmpty()) this.parent?.leave(this);
    const own = this.requests;
    const root = this.root();
    this.requests = 0;
    this.pending = undefined;
    if (own > 0) root.#takeBack(own);
    // As in CPython: user code that took back the request of a timeout has taken back a request.
    for (let taken = this.#asked - own; taken > 0; taken--) root.uncancel(this.parent);
    this.#asked = 0;
  }

  /** For the root: what `task.uncancel()` does. */
  uncancel(current: CancelScope | undefined): void {
    let asked: CancelScope | undefined = this.requests > 0 ? this : current;
    while (asked !== undefined && asked.requests === 0) asked = asked.parent;
    if (asked === undefined || asked.root() !== this) return;
    asked.requests--;
    this.#takeBack(1);
  }

  /**
   * Let the next wait take a cancellation that is still asked for, once more: wherever it begins,
   * in this scope or, when that has ended, in one around it that was asked, too.
   */
  renew(): void {
    for (const scope of this.#outwards()) {
      if (scope.requests > 0) scope.pending ??= scope.#aborted;
    }
  }

  /** Ask everything in this scope to stop. The error is what its waits reject with. */
  cancel(error: CancelledError): void {
    this.requests++;
    this.#asked++;
    askedAt.set(this.fiber, now());
    this.root().total++;
    settleInTurn(
      new Request(this, () => {
        watchDelivery(error, () => this.#deliverAgain(error));
        if (!this.interrupt(error)) this.pending = error;
        this.#abort(error);
      }),
    );
  }

  interrupt(error: CancelledError): boolean {
    let reached = false;
    const more = this.#more === undefined ? undefined : [...this.#more];
    if (this.#only !== undefined) reached = this.#only.interrupt(error);
    if (more !== undefined) {
      for (const member of more) {
        if (member.interrupt(error)) reached = true;
      }
    }
    return reached;
  }

  pardon(): void {
    this.pending = undefined;
    this.#only?.pardon();
    for (const member of this.#more ?? []) member.pardon();
  }

  /** The cancellation that a wait begun now has to take, if any. */
  due(): CancelScope | undefined {
    // deno-lint-ignore no-this-alias
    let scope: CancelScope | undefined = this;
    while (scope !== undefined && scope.pending === undefined) scope = scope.parent;
    return scope;
  }

  /** A wait has taken what was due: to the code that waits it is one cancellation. */
  taken(): void {
    for (const scope of this.#outwards()) scope.pending = undefined;
  }

  /** How often this scope or one around it was asked to stop. */
  requested(): number {
    return this.requests + (this.parent?.requested() ?? 0);
  }

  /**
   * Read `error` as the end of a body that ran in this scope: the `CancelledError` that it stands
   * for, if it is one, or an `AbortError` that came back because the scope was asked to stop.
   */
  cancellation(error: unknown): CancelledError | undefined {
    if (isInstance(error, CancelledError)) return error;
    if (this.#aborted === undefined) return undefined;
    let found: CancelledError | undefined;
    // The second of two cancellations came while a `using` block cleaned up after the first.
    const seen = new Set();
    const parts = [error];
    while (parts.length > 0) {
      const part = parts.pop();
      if (seen.has(part)) continue;
      seen.add(part);
      const { name, error: last, suppressed } = readError(part);
      if (isInstance(part, CancelledError)) found ??= part;
      else if (name === "AbortError") found ??= this.#aborted;
      else if (name === "SuppressedError") parts.push(suppressed, last);
      else return undefined;
    }
    return found;
  }

  /** Aborted when this scope, or one around it, is asked to stop. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      const aborted = this.#aborted;
      if (aborted !== undefined) this.#controller.abort(aborted);
    }
    return this.#controller.signal;
  }

  *#outwards(): IterableIterator<CancelScope> {
    // deno-lint-ignore no-this-alias
    for (let scope: CancelScope | undefined = this; scope !== undefined; scope = scope.parent) {
      yield scope;
    }
  }

  /**
   * A cancellation has reached only waits that nobody awaited, while the body sits in a promise of
   * somebody else: it is not spent.
   *
   *     const beat = (async () => { for (;;) await sleep(100); })();   // nobody awaits it
   *     await fetch(url);      // the cancellation comes here
   *     await sleep(1);        // and is to arrive here
   */
  #deliverAgain(error: CancelledError): void {
    if (this.closed || this.fiber.ended || this.requests === 0) return;
    if (!this.interrupt(error)) this.pending ??= error;
  }

  /** Untie it from the scopes around it: a body that was handed on is ended by its holder only. */
  detach(): void {
    this.parent?.leave(this);
    this.parent = undefined;
  }

  over(): boolean {
    return this.closed;
  }

  withdraw(error: CancelledError): boolean {
    if (this.closed) return false;
    this.cancel(error);
    return true;
  }

  #isEmpty(): boolean {
    return this.#only === undefined && !this.#more?.size;
  }

  #takeBack(requests: number): void {
    this.total -= requests;
    if (this.total === 0) this.pardon();
  }

  #abort(error: CancelledError): void {
    this.#aborted ??= error;
    this.#controller?.abort(error);
    if (this.#only instanceof CancelScope) this.#only.#abort(error);
    if (this.#more === undefined) return;
    for (const member of [...this.#more]) {
      if (member instanceof CancelScope) member.#abort(error);
    }
  }
}

/** A scope within another one's code, which has no function of its own to mark its extent. */
class OpenCancelScope extends CancelScope {
  readonly holder: CancelScope;
  #ended = false;

  constructor(parent: CancelScope, holder: CancelScope) {
    super(parent.fiber, parent.runContext, parent);
    this.holder = holder;
  }

  // It ends once those opened within it have ended.
  override close(): void {
    this.#ended = true;
    const holder = this.holder;
    for (
      let last = holder.innermost;
      last instanceof OpenCancelScope && last.#ended;
      last = holder.innermost
    ) {
      holder.innermost = last.parent!;
      last.#leave();
    }
  }

  #leave(): void {
    super.close();
  }
}
