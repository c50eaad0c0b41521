/**
 * Which threads there are, and which of them are dead.
 *
 * Every thread has an id. What it holds of a shared object is noted in the object under that id, and
 * given to others when the thread is declared dead.
 */
import { allocateShared, isSharedMemory } from "../base/shared_memory.ts";
import { show } from "../base/validate.ts";
import { InvalidStateError } from "../task_errors.ts";
import { ID_BITS, type ThreadIdentity } from "./protocol/words.ts";

// A death log lists the threads that died last: its own name, the number of deaths, and for each its
// number from 1, written last, and the id.
const NAME = 0;
const DEATHS = 2;
const FIRST = 3;
const ENTRY_SIZE = 2;
const ENTRIES = 1_021;

/** So many deaths after one of which the id is still missing, who was to write it has died itself. */
const MISSING = 16;

/** A shared object that can be freed from the dead. */
export interface Recoverable {
  /** Take from the dead what they hold, their places in its queues included. */
  recover(isDead: (id: number) => boolean): void;
}

interface DeathLog {
  words: Int32Array<SharedArrayBuffer>;
  read: number;
}

const dead = new Set<number>();
const deathLogs: DeathLog[] = [];
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
 * The log of deaths that this thread keeps or was given, to hand to a new worker.
 *
 * Shared objects bring it along as well; the host sends it so that its workers share one log even
 * before they share an object.
 */
export function deathLog(): SharedArrayBuffer {
  if (deathLogs.length === 0) {
    const words = new Int32Array(allocateShared(4 * (FIRST + ENTRY_SIZE * ENTRIES)));
    words.set(crypto.getRandomValues(new Int32Array(2)), NAME);
    deathLogs.push({ words, read: 0 });
  }
  return deathLogs[0]!.words.buffer;
}

/** Keep to the log of another thread, too. In a worker: the host's, before anything else. */
export function joinDeathLog(buffer: SharedArrayBuffer): void {
  if (!isSharedMemory(buffer) || buffer.byteLength < 4 * (FIRST + ENTRY_SIZE * ENTRIES)) {
    throw new TypeError(`Cannot open a shared object: its death log is ${show(buffer)}`);
  }
  const words = new Int32Array(buffer);
  const known = deathLogs.some((log) => {
    return log.words[NAME] === words[NAME] && log.words[NAME + 1] === words[NAME + 1];
  });
  if (!known) deathLogs.push({ words, read: 0 });
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
  deathLog();
  for (const { words } of deathLogs) {
    const number = Atomics.add(words, DEATHS, 1);
    Atomics.store(words, entryOf(number) + 1, id);
    Atomics.store(words, entryOf(number), (number + 1) | 0);
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
  for (let i = 0; i < deathLogs.length; i++) {
    const log = deathLogs[i]!;
    const count = Atomics.load(log.words, DEATHS);
    if (count !== log.read) read(log, count);
  }
  return dead.size;
}

function read(log: DeathLog, count: number): void {
  const { words } = log;
  if (((count - log.read) | 0) > ENTRIES) log.read = (count - ENTRIES) | 0;
  while (log.read !== count) {
    const entry = entryOf(log.read);
    const next = (log.read + 1) | 0;
    if (Atomics.load(words, entry) === next) dead.add(Atomics.load(words, entry + 1));
    // Counted and not yet written: it is read the next time.
    else if (((count - log.read) | 0) <= MISSING) return;
    log.read = next;
  }
}

function entryOf(number: number): number {
  return FIRST + (number >>> 0) % ENTRIES * ENTRY_SIZE;
}

/** Whether a thread is known to be dead. */
export function isDead(id: number): boolean {
  return deaths() !== 0 && dead.has(id);
}

/** This thread. */
export const self: ThreadIdentity = {
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
