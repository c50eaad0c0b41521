/**
 * Calls that go to a worker by memory where it looks for them, and by message where it does not, in
 * every order of the steps of both sides, and with the worker's death at every step.
 *
 * The table is the one that pools use: what it does with `Atomics` and typed arrays goes to the memory
 * of the model. Both sides are told here in as few words as they can be: `WorkerHandle`, `HandOver`
 * and `WorkerSide` without their tasks, clocks and timers.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CallTable } from "../../lib/worker/call_table.ts";
import type { Words } from "../../lib/shared/protocol/words.ts";
import { type Exploration, explore, type Program } from "./simulation.ts";

/** How many messages were posted to the worker, and to the pool. */
const [MAIL, BELLS] = [0, 1];
/** Whether the worker is known to be dead. */
const DEAD = 2;
/** The messages to the worker: the number of a call, or the end of all. */
const MESSAGES = 4;
const END = -1;
/** What the table writes to, from here on. */
const TABLE = 16;
const SIZE = 96;

/** Where in the memory of the model the table has what, in the order in which it is met. */
const places = new Map<string, number>();

/** Those that a side has to itself until it says so by another. */
const quiet = new Set<number>();

function placeOf(array: string, index: unknown): number {
  const key = `${array} ${String(index)}`;
  let place = places.get(key);
  if (place === undefined) places.set(key, place = TABLE + places.size);
  assert(place < SIZE);
  return place;
}

const NAME = Symbol("name");

function makeArrayClass(words: Words, kind: string) {
  return class {
    constructor(_memory: unknown, offset = 0) {
      const name = `${kind} ${offset}`;
      return new Proxy(this, {
        get: (_, key) => key === NAME ? name : words.load(placeOf(name, key)),
        set: (_, key, value) => {
          const place = placeOf(name, key);
          quiet.add(place);
          words.put(place, value);
          return true;
        },
      });
    }
  };
}

type FakeArray = { [NAME]: string };

function makeAtomics(words: Words) {
  const at = (array: FakeArray, index: number) => placeOf(array[NAME], index);
  return {
    load: (array: FakeArray, index: number) => words.load(at(array, index)),
    store: (array: FakeArray, index: number, value: number) => words.store(at(array, index), value),
    add: (array: FakeArray, index: number, n: number) => words.add(at(array, index), n),
    // Of a word that is 0 or 1, and is set to 1.
    exchange: (array: FakeArray, index: number) => words.compareExchange(at(array, index), 0, 1),
    compareExchange: (array: FakeArray, index: number, expected: number, value: number) =>
      words.compareExchange(at(array, index), expected, value),
  };
}

const REPLACED = ["Int32Array", "Float64Array", "Uint16Array", "Atomics"] as const;

/** Run code of the library over the memory of the model. */
function over(words: Words, run: () => void): void {
  const globals = globalThis as unknown as Record<string, unknown>;
  const before = REPLACED.map((name) => globals[name]);
  for (const name of REPLACED) {
    globals[name] = name === "Atomics" ? makeAtomics(words) : makeArrayClass(words, name);
  }
  try {
    run();
  } finally {
    REPLACED.forEach((name, i) => globals[name] = before[i]);
  }
}

type Table = new (memory: ArrayBufferLike) => CallTable;

const memory = {} as ArrayBuffer;

/** What the pool does with its calls. */
interface Plan {
  calls: number;
  /** Whether the worker is asked to look, and the pool looks for answers. */
  looks: boolean;
  /** Whether the second call is sent ahead, behind the first. */
  ahead?: boolean;
  /** A call that is taken back as soon as it was sent. */
  revoked?: number;
}

function pool(Table: Table, { calls, looks, ahead = false, revoked }: Plan): Program {
  return (words, _thread, log) =>
    over(words, () => {
      const table = new Table(memory);
      const open = new Set<number>();
      let posted = 0;
      let bells = 0;
      let muted = false;
      const post = (message: number) => {
        words.store(MESSAGES + posted++, message);
        words.add(MAIL, 1);
        words.notify(MAIL, 1);
        if (message !== END) table.posted();
      };
      const drain = () => {
        table.drain((call, value) => {
          assertEquals(value, 10 * call);
          assert(open.delete(call), `call ${call} is answered twice, or was none`);
          log(`answer ${call}`);
        });
      };
      const read = () => {
        muted = false;
        table.clearDoorbell();
        drain();
      };
      const receive = () => {
        if (muted) {
          // It has looked for a moment: nothing was there, or something is.
          if (!table.answered) log("looked in vain");
          return read();
        }
        const seen = bells;
        bells = words.load(BELLS);
        if (bells === seen) {
          words.wait(BELLS, bells, Infinity);
          bells = words.load(BELLS);
        }
        if (words.load(DEAD) === 0) return read();
        drain();
        for (const call of open) log(table.begun(call) ? `crash ${call}` : `elsewhere ${call}`);
        open.clear();
      };
      if (looks) table.attentive = true;
      for (let call = 1; call <= calls; call++) {
        if (words.load(DEAD) === 1) {
          while (open.size > 0) receive();
          return;
        }
        open.add(call);
        table.announce(call);
        log(`send ${call}`);
        const handed = open.size === 1 && table.hand(call, 0, [call]);
        if (looks && open.size === 1) {
          table.muteDoorbell();
          muted = true;
        }
        if (!handed) post(call);
        if (call === revoked && table.revoke(call)) {
          open.delete(call);
          log(`revoke ${call}`);
          continue;
        }
        while (open.size > (ahead && call < calls ? 1 : 0)) receive();
      }
      post(END);
    });
}

function worker(Table: Table): Program {
  return (words, _thread, log) =>
    over(words, () => {
      const table = new Table(memory);
      let read = 0;
      const ring = () => {
        words.add(BELLS, 1);
        words.notify(BELLS, 1);
      };
      const run = (call: number) => {
        const claim = table.claim(call);
        log(claim === "mine" ? `run ${call}` : `${claim} ${call}`);
        if (claim !== "mine") return;
        assert(table.put(call, 10 * call));
        if (table.ringDoorbell()) ring();
        if (!table.attentive) return;
        table.open();
        // Timers and I/O may have their turn before it looks; a message, too.
        receive();
        takeHanded();
      };
      const takeHanded = () => {
        const handed = table.close();
        if (handed === undefined) return;
        assertEquals(handed.args, [handed.call]);
        run(handed.call);
      };
      let over = false;
      const receive = (): boolean => {
        if (words.load(MAIL) === read) return false;
        const message = words.load(MESSAGES + read++);
        takeHanded();
        if (message === END) over = true;
        else {
          table.received();
          run(message);
        }
        return true;
      };
      while (!over) if (!receive()) words.wait(MAIL, read, Infinity);
    });
}

/** Explore a plan; with `deaths`, with the death of the worker at every step. */
function exploreAll(
  { interruptions, ...plan }: Plan & { interruptions?: number },
  deaths: boolean,
  Table: Table = CallTable,
): Exploration {
  const calls = Array.from({ length: plan.calls }, (_, i) => i + 1);
  return explore({
    size: SIZE,
    threads: [pool(Table, plan), worker(Table)],
    deaths,
    quiet: (at) => quiet.has(at) || (at >= MESSAGES && at < TABLE),
    ...(interruptions === undefined ? {} : { interruptions }),
    mortal: [1],
    recover: (_dead, words) => {
      words.store(DEAD, 1);
      words.add(BELLS, 1);
      words.notify(BELLS, 1);
    },
    invariant: ([, ran]) => {
      const order = ran!.filter((text) => text.startsWith("run")).map((text) => +text.slice(4));
      assertEquals(
        order,
        order.toSorted((a, b) => a - b),
        "a call overtakes another, or runs twice",
      );
      assertEquals(new Set(order).size, order.length);
    },
    check: ([told, ran], _memory, dead) => {
      for (const call of calls) {
        const says = (what: string) => told!.includes(`${what} ${call}`);
        if (!says("send")) {
          assert(dead !== undefined);
          continue;
        }
        const ends = ["answer", "crash", "elsewhere", "revoke"].filter(says);
        assertEquals(ends.length, 1, `call ${call} ends ${ends}`);
        const begun = ran!.includes(`run ${call}`);
        if (ends[0] === "answer") assert(begun);
        if (ends[0] === "elsewhere" || ends[0] === "revoke") {
          assert(!begun, `${call} is done twice`);
        }
        if (ends[0] === "crash" || ends[0] === "elsewhere") assert(dead !== undefined);
      }
    },
  });
}

function testPlan(
  name: string,
  plan: Plan & { interruptions?: number },
  deaths = false,
): void {
  const { interruptions } = plan;
  const how = interruptions === undefined
    ? "all schedules"
    : `up to ${interruptions} interruptions`;
  Deno.test(`Model: hand-over, ${name}, ${how}`, () => {
    const { schedules, depth, states } = exploreAll(plan, deaths);
    console.log(`  ${schedules} schedules, up to ${depth} steps, ${states} states`);
  });
}

testPlan("2 calls in a row", { calls: 2, looks: true, interruptions: 4 });
testPlan("2 calls while nobody looks", { calls: 2, looks: false });
testPlan("3 calls in a row", { calls: 3, looks: true, interruptions: 2 });
testPlan("3 calls, each sent ahead", { calls: 3, looks: true, ahead: true, interruptions: 2 });
testPlan("3 calls, one taken back", { calls: 3, looks: true, revoked: 2, interruptions: 2 });
const dying = { calls: 2, looks: true, interruptions: 2 };
testPlan("2 calls in a row, the worker dies", dying, true);
testPlan("2 calls, one sent ahead, the worker dies", { ...dying, ahead: true }, true);
testPlan("2 calls, one taken back, the worker dies", { ...dying, revoked: 2 }, true);

/** Tables that are wrong in one thing each, of which the model has to find an order that shows it. */
const FAULTS: [name: string, plan: Plan, deaths: boolean, Table: Table][] = [
  [
    "the doorbell is cleared after the results are read",
    { calls: 2, looks: true },
    false,
    class extends CallTable {
      override clearDoorbell(): void {}
      override drain(done: (call: number, value: unknown) => void): void {
        super.drain(done);
        super.clearDoorbell();
      }
    },
  ],
  [
    "the memory stays open when the worker goes to sleep",
    { calls: 2, looks: true },
    false,
    class extends CallTable {
      override close() {
        return this.handed ? super.close() : undefined;
      }
    },
  ],
  [
    "what is there is not taken when the memory is closed",
    { calls: 2, looks: true },
    false,
    class extends CallTable {
      override close() {
        const handed = this.handed;
        const taken = super.close();
        return handed ? taken : undefined;
      }
    },
  ],
  [
    "a call counts as taken back that was begun",
    { calls: 2, looks: true, revoked: 2 },
    false,
    class extends CallTable {
      override revoke(call: number): boolean {
        return super.revoke(call) || true;
      }
    },
  ],
  [
    "a call counts as not begun that was begun",
    { calls: 2, looks: true },
    true,
    class extends CallTable {
      override begun(): boolean {
        return false;
      }
    },
  ],
];

for (const [name, plan, deaths, Table] of FAULTS) {
  Deno.test(`Model: hand-over, a fault is found: ${name}`, () => {
    assertThrows(() => exploreAll({ ...plan, interruptions: 2 }, deaths, Table), Error, "After ");
  });
}
