import { type CallInfo, instruments, type Outcome, statsOf } from "../../core/instrument.ts";
import type { Described } from "../../wire/describe_function.ts";

/** What hooks hear of whoever has calls done. */
interface CallOwner {
  readonly settings: { readonly name: string };
  /** How many workers could not be ended, where there are workers. */
  readonly stuck?: number;
}

/** How many calls hooks were told of. */
let numbers = 0;

/** Those who keep what they get here only weakly have it as long as the pool lives. */
const stats = new WeakMap<CallOwner, () => { readonly stuck: number }>();

function statsFor(owner: CallOwner): () => { readonly stuck: number } {
  let found = stats.get(owner);
  if (found === undefined) stats.set(owner, found = () => ({ stuck: owner.stuck ?? 0 }));
  return found;
}

/** What people call a function. */
export function nameOf({ ref }: Described): string {
  return ("name" in ref && ref.name) || "anonymous";
}

/** A call that hooks were told of, and what more they are told. */
export class ToldCall {
  readonly #info: { -readonly [K in keyof CallInfo]: CallInfo[K] };
  /** What its worker is told of the trace that it is part of, if it is part of one. */
  readonly traceparent: string | undefined;

  private constructor(owner: CallOwner, fn: Described) {
    const { name: pool } = owner.settings;
    this.#info = { name: nameOf(fn), pool, id: ++numbers, [statsOf]: statsFor(owner) };
    instruments()!.call("callSubmitted", this.#info);
    this.traceparent = instruments()!.traceparentOf(this.#info);
  }

  /** Tell hooks that a call was submitted, if there are any. */
  static submitted(owner: CallOwner, fn: Described): ToldCall | undefined {
    return instruments() === undefined ? undefined : new ToldCall(owner, fn);
  }

  /** A worker has begun it. */
  begun(worker: string): void {
    this.#info.worker = worker;
    instruments()?.call("callStarted", this.#info);
  }

  /** It has its outcome. */
  ended(outcome: Outcome): void {
    instruments()?.call("callEnded", this.#info, outcome);
  }
}
