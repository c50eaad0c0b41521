/**
 * Runs threads over a simulated memory, in every order in which their operations can follow each
 * other, with a death at every step.
 *
 * A thread is ordinary synchronous code over `Words`. It is run up to its next operation and then
 * stopped, by an exception that it does not see; to go on it is run again from its start, with the
 * results that it has had so far. What it does next depends on these results only, so each sequence
 * of results is run once, and remembered.
 *
 * @module
 */
import { GRACE } from "../../lib/shared/protocol/robust_mutex.ts";
import {
  SLICE,
  type ThreadIdentity,
  type Woken,
  type Words,
} from "../../lib/shared/protocol/words.ts";

/** What a thread does: it may read `words` and report to `log`, and nothing else. */
export type Program = (words: Words, thread: ThreadIdentity, log: (text: string) => void) => void;

/** What to explore. */
export interface Scenario {
  /** How many words the memory has. */
  size: number;
  /** Set the memory up; runs to its end before the threads begin. */
  setUp?: Program;
  threads: Program[];
  /** Whether one of the threads may die, at any step. `recover` runs then, as a further thread. */
  deaths?: boolean;
  /**
   * Whether one that was declared dead may go on, for any number of steps: it is declared dead at
   * every step, and stops at every one after it. Threads see who is declared dead then.
   */
  lingers?: boolean;
  /** Which threads may die; by default all. */
  mortal?: number[];
  /** What the host does when thread `dead` has died. */
  recover?: (
    dead: number,
    words: Words,
    thread: ThreadIdentity,
    log: (text: string) => void,
  ) => void;
  /** The threads of which one sleep, with a time limit, may end by it. By default none. */
  timeouts?: number[];
  /** Look at an end of all: the logs of the threads, and who died. Throws if it is wrong. */
  check: (logs: string[][], memory: readonly number[], dead: number | undefined) => void;
  /** Look at every state on the way. Throws if it is wrong. */
  invariant?: (logs: string[][], dead: number | undefined) => void;
  /**
   * Words that are only looked at and written by one who is alone with them. An operation on one of
   * them goes before those of others: in which order does not matter.
   */
  quiet?: (at: number) => boolean;
  /** Stretches of memory that do not matter while the word at `flag` is 0. */
  scratch?: { flag: number; from: number; to: number }[];
  /**
   * How often a thread may be interrupted, all in all, while it could go on; by default without
   * limit. It is not counted when a thread goes on because the one before it sleeps, ends or dies.
   */
  interruptions?: number;
  /** How often a thread looks again before it goes to sleep. Default: not at all. */
  spinLimit?: number;
  /** Give up beyond so many states. */
  limit?: number;
}

/** What was explored. */
export interface Exploration {
  /** Different states of memory and threads. */
  states: number;
  /** Steps between them. */
  steps: number;
  /** Orders in which the threads can get from the start to an end. */
  schedules: bigint;
  /** The longest of them. */
  depth: number;
}

type Operation =
  | ["load", number]
  | ["store", number, number]
  | ["add", number, number]
  | ["cas", number, number, number]
  | ["wait", number, number, number]
  | ["notify", number, number]
  | ["dead", number];

type Result = number | Woken;

/** A thread that has had certain results: the next operation, and what follows from its result. */
class Node {
  readonly program: Program;
  readonly thread: Identity;
  readonly results: Result[];
  readonly id: number;
  readonly spinLimit: number;
  readonly log: string[] = [];
  next: Operation | undefined = undefined;
  error: unknown = undefined;
  readonly children = new Map<Result, Node>();

  constructor(
    program: Program,
    thread: Identity,
    spinLimit: number,
    results: Result[],
    id: number,
  ) {
    this.program = program;
    this.thread = thread;
    this.spinLimit = spinLimit;
    this.results = results;
    this.id = id;
    const words = new Replay(this);
    try {
      program(words, thread(words), (text) => this.log.push(text));
    } catch (error) {
      if (error === GIVEN_UP) this.log.push("given up");
      else if (error !== STOP) this.error = error;
    }
  }

  child(result: Result, ids: () => number): Node {
    let child = this.children.get(result);
    if (child === undefined) {
      const results = [...this.results, result];
      child = new Node(this.program, this.thread, this.spinLimit, results, ids());
      this.children.set(result, child);
    }
    return child;
  }
}

const STOP = Symbol("stop");
const GIVEN_UP = Symbol("given up");

/** Who a thread is, and what it knows of the others, in a run of its program over `words`. */
type Identity = (words: Replay) => ThreadIdentity;

class Replay implements Words {
  readonly spinLimit: number;
  readonly #node: Node;
  #at = 0;
  #late = false;

  constructor(node: Node) {
    this.#node = node;
    this.spinLimit = node.spinLimit;
  }

  pause(): void {}

  #do(operation: Operation): Result {
    const { results } = this.#node;
    if (this.#at < results.length) return results[this.#at++]!;
    // Code that cleans up on the way out does nothing more.
    this.#node.next ??= operation;
    throw STOP;
  }

  load(at: number): number {
    return this.#do(["load", at]) as number;
  }

  store(at: number, value: number): void {
    this.#do(["store", at, value]);
  }

  put(at: number, value: number): void {
    this.store(at, value);
  }

  add(at: number, n: number): number {
    return this.#do(["add", at, n]) as number;
  }

  compareExchange(at: number, expected: number, value: number): number {
    return this.#do(["cas", at, expected, value]) as number;
  }

  wait(at: number, expected: number, ms: number): Woken {
    const woken = this.#do(["wait", at, expected, ms]) as Woken;
    if (woken === "timed-out") this.#late = true;
    return woken;
  }

  notify(at: number, count: number): void {
    this.#do(["notify", at, count]);
  }

  /** Whether the thread with this id was declared dead. */
  isDead(id: number): boolean {
    return this.#do(["dead", id]) === 1;
  }

  // Time groups still until a sleep ends by its limit.
  now(): number {
    return this.#late ? Infinity : 0;
  }
}

interface State {
  memory: Int32Array;
  /** Two hashes of the memory, scratch left out. */
  hash: [number, number];
  nodes: Node[];
  /** Who sleeps, the longest first: thread and word. */
  sleepers: [thread: number, at: number][];
  dead: number | undefined;
  /** Whether that one makes no more steps. */
  stopped: boolean;
  /** Who made the last step; below 0 if nobody has. */
  last: number;
  /** How many interruptions there were. */
  interruptions: number;
}

const ID_OF_HOST = 1_000;

/** The id of a thread's thread. */
export function idOf(thread: number): number {
  return thread + 1;
}

/** Explore all there is. */
export function explore(scenario: Scenario): Exploration {
  const { threads, recover, lingers = false, spinLimit = 0, limit = 5_000_000 } = scenario;
  const { deaths = lingers } = scenario;
  const { interruptions: most = Infinity, scratch = [] } = scenario;
  const inScratch = (at: number) => scratch.some(({ from, to }) => at >= from && at < to);
  const mortal = new Set(scenario.mortal ?? threads.keys());
  const impatient = new Set(scenario.timeouts ?? []);
  let nodes = 0;
  const ids = () => nodes++;
  const memory = new Int32Array(scenario.size);
  if (scenario.setUp !== undefined) runAlone(scenario.setUp, memory);

  const roots = threads.map((program, i) =>
    new Node(program, lingers ? aware(idOf(i)) : () => thread(idOf(i)), spinLimit, [], ids())
  );
  const hosts = new Map<number, Node>();
  const host = (dead: number) => {
    let root = hosts.get(dead);
    if (root === undefined) {
      const isDead = (id: number) => id === idOf(dead);
      const identity = { ...thread(ID_OF_HOST), isDead };
      const program: Program = (words, thread, log) => recover?.(dead, words, thread, log);
      root = new Node(program, () => identity, spinLimit, [], ids());
      hosts.set(dead, root);
    }
    return root;
  };

  // From a state, how many schedules lead to an end, and how long the longest is.
  const seen = new Map<string, { schedules: bigint; depth: number } | undefined>();
  let steps = 0;

  /** The states that can follow. */
  function* successors(state: State): Generator<State> {
    const alone = quietOne(state);
    if (alone >= 0) {
      yield step(state, alone, state.nodes[alone]!.next!);
      if (deaths && state.dead === undefined && mortal.has(alone)) yield kill(state, alone);
      if (state.dead === alone) yield stop(state);
      return;
    }
    const canGoOn = (i: number) => !isStopped(state, i) && state.nodes[i]?.next !== undefined;
    const asleep = (i: number) => state.sleepers.some(([thread]) => thread === i);
    const interrupting = most < Infinity && canGoOn(state.last) && !asleep(state.last) ? 1 : 0;
    for (let i = 0; i < state.nodes.length; i++) {
      if (!canGoOn(i)) continue;
      const cost = i === state.last ? 0 : interrupting;
      if (state.interruptions + cost > most) continue;
      const before = most < Infinity
        ? { ...state, last: i, interruptions: state.interruptions + cost }
        : state;
      if (!asleep(i)) yield step(before, i, state.nodes[i]!.next!);
      else if (mayTimeOut(state, i)) {
        yield advance(before, i, "timed-out");
      }
    }
    if (state.dead !== undefined && canGoOn(state.dead)) yield stop(state);
    if (!deaths || state.dead !== undefined) return;
    for (const i of mortal) {
      if (state.nodes[i]!.next !== undefined) yield kill(state, i);
    }
  }

  function isStopped({ dead, stopped }: State, i: number): boolean {
    return dead === i && stopped;
  }

  // In a mutex nobody stays for long: only the dead do, once they have stopped. Others look for the
  // dead once, when nothing more can come of them.
  function mayTimeOut(state: State, i: number): boolean {
    const { next, results } = state.nodes[i]!;
    if (next?.[0] !== "wait") return false;
    const noMore = state.dead !== undefined &&
      (state.stopped || state.nodes[state.dead]!.next === undefined);
    if (next[3] === GRACE) return noMore;
    if (next[3] > SLICE || results.includes("timed-out")) return false;
    return impatient.has(i) || (lingers && noMore && i !== state.dead);
  }

  function quietOne(state: State): number {
    const { nodes, sleepers } = state;
    const { quiet } = scenario;
    if (quiet === undefined) return -1;
    return nodes.findIndex(({ next }, i) => {
      return next !== undefined && next[0] !== "dead" && quiet(next[1]) && !isStopped(state, i) &&
        !sleepers.some(([thread]) => thread === i);
    });
  }

  function kill(state: State, i: number): State {
    return {
      ...state,
      nodes: [...state.nodes, host(i)],
      sleepers: lingers ? state.sleepers : state.sleepers.filter(([thread]) => thread !== i),
      dead: i,
      stopped: !lingers,
    };
  }

  function stop(state: State): State {
    const sleepers = state.sleepers.filter(([thread]) => thread !== state.dead);
    return { ...state, sleepers, stopped: true };
  }

  function advance(state: State, i: number, result: Result): State {
    const next = [...state.nodes];
    next[i] = next[i]!.child(result, ids);
    return { ...state, nodes: next, sleepers: state.sleepers.filter(([thread]) => thread !== i) };
  }

  function step(state: State, i: number, operation: Operation): State {
    const [kind, at, a = 0, b = 0] = operation;
    if (kind === "dead") {
      const is = state.dead !== undefined && idOf(state.dead) === at;
      return advance(state, i, is ? 1 : 0);
    }
    const old = state.memory[at]!;
    const write = (value: number): State => {
      const changed = state.memory.slice();
      changed[at] = value;
      const hash = inScratch(at) ? state.hash : rehash(state.hash, at, old, value);
      return { ...advance(state, i, old), memory: changed, hash };
    };
    switch (kind) {
      case "load":
        return advance(state, i, old);
      case "store":
        return write(a);
      case "add":
        return write(old + a);
      case "cas":
        return old === a ? write(b) : advance(state, i, old);
      case "wait":
        if (old !== a) return advance(state, i, "not-equal");
        return { ...state, sleepers: [...state.sleepers, [i, at]] };
      case "notify": {
        let next = advance(state, i, 0);
        const woken = state.sleepers.filter(([, word]) => word === at).slice(0, a);
        for (const [thread] of woken) next = advance(next, thread, "ok");
        return next;
      }
    }
  }

  function keyOf(
    { memory, hash, nodes, sleepers, dead, stopped, last, interruptions }: State,
  ): string {
    let key = `${hash}|${sleepers}|${dead}|${stopped}|${last}|${interruptions}`;
    for (const { id } of nodes) key += `|${id}`;
    for (const { flag, from, to } of scratch) {
      if (memory[flag] !== 0) key += `|${memory.subarray(from, to)}`;
    }
    return key;
  }

  function inspect(state: State): void {
    for (const { error } of state.nodes) if (error !== undefined) throw error;
    scenario.invariant?.(state.nodes.map(({ log }) => log), state.dead);
  }

  function atEnd(state: State): void {
    const stuck = state.nodes.flatMap(({ next }, i) => {
      return next === undefined || state.dead === i ? [] : [`thread ${i} at ${next.join(" ")}`];
    });
    if (stuck.length > 0) throw new Error(`Deadlock: ${stuck.join("; ")}`);
    scenario.check(state.nodes.map(({ log }) => log), [...state.memory], state.dead);
  }

  interface Frame {
    key: string;
    state: State;
    rest: Generator<State>;
    schedules: bigint;
    depth: number;
    any: boolean;
  }

  const open = (key: string, state: State): Frame => {
    if (seen.size > limit) throw new Error(`More than ${limit} states`);
    inspect(state);
    seen.set(key, undefined);
    return { key, state, rest: successors(state), schedules: 0n, depth: 0, any: false };
  };

  let hash: [number, number] = [0, 0];
  memory.forEach((value, at) => {
    if (!inScratch(at)) hash = rehash(hash, at, 0, value);
  });
  const start: State = {
    memory,
    hash,
    nodes: roots,
    sleepers: [],
    dead: undefined,
    stopped: false,
    last: -1,
    interruptions: 0,
  };
  const stack: Frame[] = [open(keyOf(start), start)];
  const count = (frame: Frame, schedules: bigint, depth: number) => {
    frame.schedules += schedules;
    frame.depth = Math.max(frame.depth, depth + 1);
  };
  try {
    for (;;) {
      const frame = stack.at(-1)!;
      const next = frame.rest.next();
      if (!next.done) {
        const { dead, stopped } = next.value;
        frame.any ||= dead === frame.state.dead && stopped === frame.state.stopped;
        steps++;
        const key = keyOf(next.value);
        const known = seen.get(key);
        if (known !== undefined) count(frame, known.schedules, known.depth);
        // A state that comes back to itself, two that wait for each other in turn, say.
        else if (seen.has(key)) throw new Error("The threads go round in circles");
        else stack.push(open(key, next.value));
        continue;
      }
      if (!frame.any) {
        atEnd(frame.state);
        frame.schedules += 1n;
      }
      seen.set(frame.key, { schedules: frame.schedules, depth: frame.depth });
      stack.pop();
      const below = stack.at(-1);
      if (below === undefined) {
        const { schedules, depth } = frame;
        return { states: seen.size, steps, schedules, depth };
      }
      count(below, frame.schedules, frame.depth);
    }
  } catch (error) {
    throw new Error(
      `After ${stack.length - 1} steps: ${(error as Error).message}\n${trace(stack)}`,
      {
        cause: error,
      },
    );
  }

  function trace(frames: Frame[]): string {
    return frames.slice(1).map(({ state }, i) => {
      const before = frames[i]!.state;
      if (state.dead !== before.dead) return `${state.dead} is declared dead`;
      if (state.stopped !== before.stopped) return `${state.dead} stops`;
      const who = state.nodes.findIndex((node, k) => {
        return node !== before.nodes[k] || (state.sleepers.length > before.sleepers.length &&
          state.sleepers.at(-1)![0] === k);
      });
      return `${who}: ${before.nodes[who]?.next?.join(" ")}`;
    }).join("\n");
  }
}

/** The hashes of a memory in which one word has changed. */
function rehash([one, two]: [number, number], at: number, old: number, value: number): [
  number,
  number,
] {
  return [
    one ^ mix(at * 2, old) ^ mix(at * 2, value),
    two ^ mix(at * 2 + 1, old) ^ mix(at * 2 + 1, value),
  ];
}

function mix(seed: number, value: number): number {
  let x = Math.imul(value ^ Math.imul(seed + 1, 0x9e3779b1), 0x85ebca6b);
  x = Math.imul(x ^ x >>> 15, 0xc2b2ae35);
  x = Math.imul(x ^ x >>> 13 ^ seed, 0x27d4eb2f);
  return x ^ x >>> 16;
}

function thread(id: number): ThreadIdentity {
  return { id, isDead: () => false, checkAlive: () => {} };
}

/** One who sees who is declared dead, be it itself. */
function aware(id: number): Identity {
  return (words) => ({
    id,
    isDead: (id) => words.isDead(id),
    checkAlive: () => {
      if (words.isDead(id)) throw GIVEN_UP;
    },
  });
}

/** Run a program to its end, over a memory that nobody else looks at. */
export function runAlone(program: Program, memory: Int32Array): void {
  const words: Words = {
    spinLimit: 0,
    load: (at) => memory[at]!,
    store: (at, value) => void (memory[at] = value),
    put: (at, value) => void (memory[at] = value),
    add: (at, n) => (memory[at]! += n) - n,
    compareExchange: (at, expected, value) => {
      const old = memory[at]!;
      if (old === expected) memory[at] = value;
      return old;
    },
    wait: () => {
      throw new Error("Cannot sleep while nobody else runs");
    },
    notify: () => {},
    now: () => 0,
    pause: () => {},
  };
  program(words, thread(ID_OF_HOST), () => {});
}
