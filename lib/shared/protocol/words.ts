/** How a sleep on a word ended. */
export type Woken = "ok" | "not-equal" | "timed-out";

/**
 * Shared memory as the protocols see it: 32-bit words and the operations of `Atomics` on them.
 *
 * The protocols do nothing else, so that a model checker can run them over a memory of its own and
 * choose, between any two operations, whose turn it is and who dies.
 */
export interface Words {
  /** How often to look again at a word that is about to change before going to sleep on it. */
  readonly spinLimit: number;
  /** Let a moment pass between one look and the next. */
  pause(): void;
  /** The word at `at`. */
  load(at: number): number;
  /** Set the word at `at`. */
  store(at: number, value: number): void;
  /** Set the word at `at`, to be seen by others at the latest with the next `store`. */
  put(at: number, value: number): void;
  /** Add to the word at `at`; gives the value before. */
  add(at: number, n: number): number;
  /** Set the word at `at` to `value` if it is `expected`; gives the value before. */
  compareExchange(at: number, expected: number, value: number): number;
  /** Sleep until notified, for at most `ms` milliseconds, if the word is `expected`. */
  wait(at: number, expected: number, ms: number): Woken;
  /** Wake up to `count` of those who sleep on the word. */
  notify(at: number, count: number): void;
  /** The clock, in milliseconds. */
  now(): number;
}

/** The thread that carries out a protocol, and what it knows of the others. */
export interface ThreadIdentity {
  /** The id of the thread, from 1 to 2 ** 30 - 1. */
  readonly id: number;
  /** Whether the thread with this id, which may be this one itself, was declared dead. */
  isDead(id: number): boolean;
  /** Throw if this thread itself was given up for dead. */
  checkAlive(): void;
}

/** Told when nobody has woken a sleeper for a while: the time to look for the dead. */
export type LivenessCheck = () => void;

/** The bits of a word that hold the id of a thread. */
export const ID_BITS: number = 2 ** 30 - 1;

/** For how long a thread sleeps at most before it looks for itself whether others have died. */
export const SLICE = 250;
