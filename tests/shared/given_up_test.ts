/**
 * What a thread that was given up for dead may do with shared objects while it goes on: nothing.
 * tests/model/dead_thread_test.ts tries it at every step.
 *
 * @module
 */
import { assert, assertEquals, assertFalse } from "@std/assert";
import { LockProtocol, NOT_HELD } from "../../lib/shared/protocol/lock_protocol.ts";
import { REFUSED, SemaphoreProtocol } from "../../lib/shared/protocol/semaphore_protocol.ts";
import type { ThreadIdentity } from "../../lib/shared/protocol/words.ts";
import { SharedWords } from "../../lib/shared/shared_words.ts";

/** Three threads at one memory, of which any may be declared dead. */
class Threads {
  readonly words: SharedWords;
  readonly #dead = new Set<number>();

  constructor(size: number) {
    this.words = new SharedWords(new SharedArrayBuffer(4 * size), 0, size);
  }

  identity(id: number): ThreadIdentity {
    return { id, isDead: (id) => this.#dead.has(id), checkAlive: () => {} };
  }

  declareDead(id: number): void {
    this.#dead.add(id);
  }
}

function threeLocks() {
  const threads = new Threads(LockProtocol.SIZE);
  const [a, b, c] = [1, 2, 3].map((id) => {
    return new LockProtocol(threads.words, 0, threads.identity(id));
  });
  return { threads, a: a!, b: b!, c: c! };
}

/** The second has the lock from the first, and the third stands behind it, when it is given up. */
function handedOn() {
  const { threads, a, b, c } = threeLocks();
  a.tryTake();
  b.takeOrJoin(0);
  c.takeOrJoin(0);
  a.release();
  const turn = b.turn();
  threads.declareDead(2);
  a.recover((id) => id === 2);
  return { a, b, c, turn };
}

Deno.test("One given up for dead does not take the notice from the next holder of a lock", () => {
  const { b, c } = handedOn();
  assertFalse(b.abandoned());
  assert(c.abandoned());
  b.leaveNotice();
  assertFalse(c.abandoned());
});

Deno.test("One given up for dead does not end the turn of the next holder of a lock", () => {
  const { b, c, turn } = handedOn();
  const next = c.turn();
  b.resumeTurn(turn);
  assertEquals(b.release(turn), NOT_HELD);
  assertEquals(b.release(), NOT_HELD);
  assert(c.locked());
  assertEquals(c.release(next), 0);
  assertFalse(c.locked());
});

Deno.test("One given up for dead gets no lock, be it free, and leaves it free", () => {
  const { threads, a, b, c } = threeLocks();
  threads.declareDead(2);
  assertFalse(b.tryTake());
  assertFalse(a.locked());
  assertEquals(b.takeOrJoin(0), 0);
  assert(c.tryTake());
});

Deno.test("A lock that one takes who stops then, and was given up before, goes to the next", () => {
  const { threads, a, b, c } = threeLocks();
  // It took the lock, and had not looked whether it was declared dead meanwhile.
  b.tryTake();
  threads.declareDead(2);
  assert(a.tryTake());
  assert(a.abandoned());
  a.release();
  b.release();
  assert(c.tryTake());
});

Deno.test("One given up for dead neither takes the notice nor gives back a permit twice", () => {
  const threads = new Threads(SemaphoreProtocol.SIZE);
  const [a, b, c] = [1, 2, 3].map((id) => {
    return new SemaphoreProtocol(threads.words, 0, threads.identity(id));
  });
  a!.initialize(1);
  a!.tryTake();
  b!.takeOrJoin(0);
  c!.takeOrJoin(0);
  a!.release(10);
  threads.declareDead(2);
  a!.recover((id) => id === 2);
  assertFalse(b!.abandoned());
  assert(c!.abandoned());
  assertEquals(b!.release(10), REFUSED);
  assertEquals(a!.value(), 0);
  c!.release(10);
  assertFalse(b!.tryTake());
  assertEquals(a!.value(), 1);
});
