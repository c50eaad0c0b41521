import { CancelledError } from "../task_errors.ts";
import { watchDelivery } from "./cancellation.ts";
import { carryOut } from "./carry_out.ts";
import { nextTurn, now } from "../base/clock.ts";
import { isInstance, readError } from "../base/instance.ts";
import { SlotQueue } from "../base/slot_queue.ts";
import type { RunContext } from "./context.ts";
import type { HeldWait } from "./held_wait.ts";
import type { Fiber } from "./fiber.ts";
import type { Task } from "./task.ts";
import type { Waiter } from "./waiter.ts";

/** How many scopes around it a signal follows by themselves; beyond them, that of the task. */
const SIGNALS_AROUND = 4;

/** What a cancellation reaches: a wait, or a scope within a scope. */
export interface Interruptible {
  /**
   * Call it off. `true` if that ends, or will end, a wait; `false` if there was nothing to reach.
   */
  interrupt(error: CancelledError): boolean;
  /** Take back an interruption that has not been delivered yet. */
  clearPending(): void;
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

/**
 * A stretch of a task that can be cancelled by itself: the task as a whole, or the body of a
 * timeout or a group within it.
 *
 * Every wait that user code begins is a member of the scope it was begun in, until it ends.
 *
 * The counters, of which tests/core/cancel_scope_test.ts holds each sentence:
 *
 * - `requests` counts the cancellations of this scope that were not taken back, by `uncancel` or by
 *   its end; `#received` counts all. What they differ by at the end was taken back by user code, and
 *   is taken from the task, too: `received = requests + taken back`.
 * - `cancelsRequested` of the root is the sum of `requests` over the scopes of the task, what CPython
 *   calls `_num_cancels_requested`. At zero, no scope of the task has a `pending` error, and the
 *   signals of those that are open are live again.
 * - `pending` is there from a cancellation that found no wait until a wait takes it, CPython's
 *   `_must_cancel`; `#pendings` of the root counts the scopes that have one, so that a wait need not
 *   look through all around it.
 * - `#aborted` is the first error that reached this scope, from itself or from around it: what its
 *   signal carries. `isUnderWay` holds while the request of this scope is being carried out.
 */
export class CancelScope implements Interruptible, HeldWait {
  readonly fiber: Fiber;
  readonly runContext: RunContext;
  scopeIndex = -1;
  /** Whether the body that ran in it has ended. */
  closed = false;
  parent: CancelScope | undefined;
  /** On the scope of the whole task: how many requests its task has been sent and were not taken back. */
  cancelsRequested = 0;
  /** On the same: when it was last asked to stop, on the scale of the clock. */
  cancelledAt = 0;
  /** The scope of the innermost `await using` group opened in this one, else itself. */
  innermost: CancelScope = this;
  /** Whether what is pending was delivered before, to code that then failed for another reason. */
  redelivered = false;
  /** How often this scope was asked to stop and the request was not taken back. */
  requests = 0;
  #root: CancelScope;
  #pending: CancelledError | undefined = undefined;
  /** What is pending because nobody seems to have heard of it: see `doubted`. */
  #doubted: CancelledError | undefined = undefined;
  /** On the scope of the whole task: how many of its scopes have a cancellation pending. */
  #pendings = 0;
  #only: Interruptible | undefined = undefined;
  #more: Members | undefined = undefined;
  /** Aborted with this scope alone. */
  #controller: AbortController | undefined = undefined;
  /** Aborted also with those around it. */
  #signal: AbortSignal | undefined = undefined;
  #aborted: CancelledError | undefined = undefined;
  /** How often it was asked to stop, taken back or not. */
  #received = 0;

  constructor(fiber: Fiber, runContext: RunContext, parent?: CancelScope) {
    this.fiber = fiber;
    this.runContext = runContext;
    this.parent = parent;
    this.#root = parent === undefined ? this : parent.#root;
    parent?.enter(this);
  }

  /** The task that it is a stretch of. */
  get task(): Task<unknown> {
    return this.fiber.task;
  }

  /** A cancellation that found nothing to call off: the next wait takes it. */
  get pending(): CancelledError | undefined {
    return this.#pending;
  }

  set pending(error: CancelledError | undefined) {
    if (error === this.#pending) return;
    if (this.#pending === undefined) this.#root.#pendings++;
    else if (error === undefined) this.#root.#pendings--;
    this.#pending = error;
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
    return this.#root;
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
    //     await timeout(1, () => sleep(9).catch(() => task.uncancel()));   // 0 are left, not -1
    for (let taken = this.#received - own; taken > 0; taken--) root.uncancel(this.parent);
    this.#received = 0;
  }

  /** For the root: what `task.uncancel()` does. */
  uncancel(current: CancelScope | undefined): void {
    // Those of the whole first, and then those of the innermost body that was asked:
    //     task.cancel(); … within timeout(0, …): task.uncancel()   // takes back that of the task
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
  redeliver(): void {
    for (const scope of this.#outwards()) {
      if (scope.requests === 0 || scope.pending !== undefined) continue;
      scope.pending = scope.#aborted;
      scope.redelivered = true;
    }
  }

  /** Ask everything in this scope to stop. The error is what its waits reject with. */
  cancel(error: CancelledError): void {
    this.requests++;
    this.#received++;
    const root = this.root();
    root.cancelsRequested++;
    root.cancelledAt = Math.trunc(now());
    carryOut(this, () => {
      watchDelivery(error, {
        onUnheard: (again) => this.#deliverAgain(error, again),
        onHeardLate: () => this.#takeBackDoubted(error),
      });
      // In one step: `task.cancel()` before its first turn, or while it runs on after a wait.
      if (!this.interrupt(error)) this.pending = error;
      this.#abort(error);
    });
  }

  interrupt(error: CancelledError): boolean {
    let reached = false;
    for (const member of this.#within()) {
      if (!(member instanceof CancelScope) && member.interrupt(error)) reached = true;
    }
    return reached;
  }

  clearPending(): void {
    for (const member of this.#within()) {
      if (member instanceof CancelScope) member.#renewSignal();
      else member.clearPending();
    }
  }

  /** The cancellation that a wait begun now has to take, if any. */
  pendingScope(): CancelScope | undefined {
    // Every wait asks for it: one deep in other scopes must not look through them all.
    if (this.#root.#pendings === 0) return undefined;
    // deno-lint-ignore no-this-alias
    let scope: CancelScope | undefined = this;
    while (scope !== undefined && scope.pending === undefined) scope = scope.parent;
    return scope;
  }

  /** A wait has taken what was due: to the code that waits it is one cancellation. */
  markDelivered(): void {
    for (const scope of this.#outwards()) scope.pending = undefined;
  }

  /** How often this scope or one around it was asked to stop. */
  requested(): number {
    if (this.#root.cancelsRequested === 0) return 0;
    let requests = 0;
    for (const scope of this.#outwards()) requests += scope.requests;
    return requests;
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

  /**
   * Aborted when this scope, or one around it, is asked to stop, also after this one has ended:
   *
   *     const response = await waitFor((signal) => fetch(url, { signal }), 5_000);
   *     await response.text();   // the task is cancelled here
   */
  get signal(): AbortSignal {
    return this.#signal ??= this.#makeSignal();
  }

  // The runtime keeps alive what listens to one of several signals. Nothing else does: the signal
  // that `fetch` has made of ours knows the signals at the source, and those know it only weakly.
  #makeSignal(): AbortSignal {
    const own = this.#source().signal;
    if (this.#root === this || own.aborted) return own;
    const sources = [own];
    for (
      let scope = this.parent;
      scope !== undefined && sources.length <= SIGNALS_AROUND;
      scope = scope.parent
    ) {
      // One that was aborted before has had its say: what cleans up after it has a live signal.
      if (scope.#aborted === undefined) sources.push(scope.#source().signal);
    }
    const root = this.#root;
    if (sources.length > SIGNALS_AROUND && root.#aborted === undefined) {
      sources.push(root.#source().signal);
    }
    return AbortSignal.any(sources);
  }

  #source(): AbortController {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted !== undefined) this.#controller.abort(this.#aborted);
    }
    return this.#controller;
  }

  /** Every request was taken back: the body goes on as if there had been none. */
  #renewSignal(): void {
    this.pending = undefined;
    // The limit that ended has yet to read its body's error by it.
    if (this.closed || this.#aborted === undefined) return;
    this.#aborted = this.#controller = this.#signal = undefined;
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
  #deliverAgain(error: CancelledError, again: boolean): void {
    if (this.closed || this.fiber.ended || this.requests === 0) return;
    if (this.interrupt(error) || this.pending !== undefined) return;
    this.pending = error;
    // Once only: waits that lose their race at once would be met by it for ever, one after the other.
    if (!again) this.#doubted = error;
  }

  #takeBackDoubted(error: CancelledError): void {
    if (this.#doubted !== error) return;
    this.#doubted = undefined;
    if (this.pending === error) this.pending = undefined;
  }

  /**
   * Whether its pending cancellation was unheard and is delivered again, and the body may hear of it
   * at the very moment by what it awaits of old. The runtime says so within this turn of the loop:
   *
   *     const get = queue.get();
   *     await fetch(url);                   // the cancellation comes here
   *     try { await get; }                  // is heard of here
   *     finally { await sleep(0); }         // and must not come again here
   */
  get doubted(): boolean {
    return this.#doubted !== undefined && this.#doubted === this.#pending;
  }

  /** Deliver a doubted cancellation in the next turn of the loop, unless it was heard of by then. */
  settleDoubt(): void {
    const error = this.#doubted;
    nextTurn(() => {
      if (error === undefined || !this.doubted) return;
      this.#doubted = undefined;
      if (this.interrupt(error)) this.markDelivered();
    });
  }

  /** Untie it from the scopes around it: a body that was handed on is ended by its holder only. */
  detach(): void {
    this.parent?.leave(this);
    this.parent = undefined;
    for (const member of this.#within()) {
      if (member instanceof CancelScope) member.#moveTo(this);
    }
  }

  // Its requests count with the whole that it is a stretch of.
  #moveTo(root: CancelScope): void {
    const pending = this.pending;
    this.pending = undefined;
    this.#root.cancelsRequested -= this.requests;
    this.#root = root;
    root.cancelsRequested += this.requests;
    this.pending = pending;
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
    this.cancelsRequested -= requests;
    if (this.cancelsRequested === 0) this.clearPending();
  }

  #abort(error: CancelledError): void {
    for (const member of this.#within()) {
      if (!(member instanceof CancelScope)) continue;
      member.#aborted ??= error;
      member.#controller?.abort(error);
    }
  }

  // A list, as scopes and waits leave while it is gone through, and no recursion, as limits and
  // groups nest 100,000 deep.
  /** This scope, and what is in it, however deep, from the oldest to the newest. */
  #within(): Interruptible[] {
    const found: Interruptible[] = [];
    const next: Interruptible[] = [this];
    for (let member = next.pop(); member !== undefined; member = next.pop()) {
      found.push(member);
      if (!(member instanceof CancelScope)) continue;
      if (member.#more !== undefined) {
        const more = [...member.#more];
        while (more.length > 0) next.push(more.pop()!);
      }
      if (member.#only !== undefined) next.push(member.#only);
    }
    return found;
  }
}

/** A scope within another one's code, which has no function of its own to mark its extent. */
class OpenCancelScope extends CancelScope {
  readonly holder: CancelScope;
  /** The one that was opened next within the same holder. */
  #next: OpenCancelScope | undefined = undefined;

  constructor(parent: CancelScope, holder: CancelScope) {
    super(parent.fiber, parent.runContext, parent);
    this.holder = holder;
    const last = holder.innermost;
    if (last instanceof OpenCancelScope) last.#next = this;
  }

  // Code that runs side by side ends its groups in any order. One that ends goes at once, and the
  // next is then within the one around it:
  //     const a = new TaskGroup(), b = new TaskGroup();
  //     await a[Symbol.asyncDispose]();   // b, and every group after it, must not keep a
  override close(): void {
    if (this.closed) return;
    const around = this.parent!;
    const next = this.#next;
    if (next === undefined) this.holder.innermost = around;
    else {
      this.leave(next);
      next.parent = around;
      around.enter(next);
    }
    if (around instanceof OpenCancelScope) around.#next = next;
    super.close();
  }
}
