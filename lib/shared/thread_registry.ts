/**
 * Which threads there are, and which of them are dead.
 *
 * Every thread has an id. What it holds of a shared object is noted in the object under that id, and
 * given to others when the thread is declared dead.
 */
import { allocateShared } from "../base/shared_memory.ts";
import { InvalidStateError } from "../errors.ts";
import { ID_BITS, type Party } from "./protocol/words.ts";

// A board lists the threads that died last: its own name, the number of deaths, their ids.
const NAME = 0;
const DEATHS = 2;
const FIRST = 3;
const ENTRIES = 1_021;

/** A shared object that can be freed from the dead. */
export interface Recoverable {
  /** Take from the dead what they hold, their places in its lines included. */
  recover(isDead: (id: number) => boolean): void;
}

interface Board {
  words: Int32Array<SharedArrayBuffer>;
  read: number;
}

const dead = new Set<number>();
const boards: Board[] = [];
const objects = new Set<WeakRef<Recoverable>>();
let sweepAt = 256;
let id = 0;

/**
 * The id of this thread, unique in the program: 1 to 2 ** 30 - 1.
 *
 * A worker reports it to its host in the ready handshake.
 */
export function threadId(): number {
  while (id === 0) id = crypto.getRandomValues(new Int32Array(1))[0]! & ID_BITS;
  return id;
}

/**
 * The list of the dead that this thread keeps or was given, to hand to a new worker.
 *
 * Shared objects bring it along as well; the host sends it so that its workers share one list even
 * before they share an object.
 */
export function board(): SharedArrayBuffer {
  if (boards.length === 0) {
    const words = new Int32Array(allocateShared(4 * (FIRST + ENTRIES)));
    words.set(crypto.getRandomValues(new Int32Array(2)), NAME);
    boards.push({ words, read: 0 });
  }
  return boards[0]!.words.buffer;
}

/** Keep to the list of another thread, too. In a worker: the host's, before anything else. */
export function joinBoard(buffer: SharedArrayBuffer): void {
  const words = new Int32Array(buffer);
  const known = boards.some((board) => {
    return board.words[NAME] === words[NAME] && board.words[NAME + 1] === words[NAME + 1];
  });
  if (!known) boards.push({ words, read: 0 });
}

/**
 * Declare a thread dead and take from it what it holds of every shared object known here; of others,
 * whoever waits for them does so.
 *
 * The host calls it when a worker has ended, however it ended. It may be called for a thread that
 * cannot be stopped: should that one come back to a shared object, it gets an error.
 *
 * @param id What `threadId` gave in that thread.
 */
export function recover(id: number): void {
  if (id === 0 || id === threadId()) return;
  board();
  for (const { words } of boards) {
    const at = Atomics.add(words, DEATHS, 1);
    Atomics.store(words, FIRST + (at >>> 0) % ENTRIES, id);
  }
  dead.add(id);
  const isDead = (other: number) => other === id;
  for (const ref of objects) {
    const object = ref.deref();
    if (object === undefined) objects.delete(ref);
    else object.recover(isDead);
  }
}

/** Have `object` recovered when a thread dies. */
export function register(object: Recoverable): void {
  objects.add(new WeakRef(object));
  if (objects.size < sweepAt) return;
  for (const ref of objects) if (ref.deref() === undefined) objects.delete(ref);
  sweepAt = Math.max(256, objects.size * 2);
}

/** How many deaths are known: changes when there is something to recover. */
export function deaths(): number {
  for (const board of boards) {
    const count = Atomics.load(board.words, DEATHS);
    while (board.read !== count) {
      const behind = (count - board.read) | 0;
      if (behind > ENTRIES) board.read = (count - ENTRIES) | 0;
      dead.add(Atomics.load(board.words, FIRST + (board.read >>> 0) % ENTRIES));
      board.read = (board.read + 1) | 0;
    }
  }
  return dead.size;
}

/** Whether a thread is known to be dead. */
export function isDead(id: number): boolean {
  deaths();
  return dead.has(id);
}

/** This thread. */
export const self: Party = {
  get id(): number {
    return id === 0 ? threadId() : id;
  },
  isDead,
  checkAlive(): void {
    if (deaths() > 0 && dead.has(id)) {
      throw new InvalidStateError("Cannot use a shared object: this thread was given up for dead");
    }
  },
};
