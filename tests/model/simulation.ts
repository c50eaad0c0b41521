/**
 * Runs parties over a simulated memory, in every order in which their operations can follow each
 * other, with a death at every step.
 *
 * A party is ordinary synchronous code over `Words`. It is run up to its next operation and then
 * stopped, by an exception that it does not see; to go on it is run again from its start, with the
 * results that it has had so far. What it does next depends on these results only, so each sequence
 * of results is run once, and remembered.
 *
 * @module
 */
import { type Party, SLICE, type Woken, type Words } from "../../lib/shared/protocol/words.ts";

/** What a party does: it may read `words` and report to `log`, and nothing else. */
export type Program = (words: Words, party: Party, log: (text: string) => void) => void;

/** What to explore. */
export interface Scenario {
  /** How many words the memory has. */
  size: number;
  /** Set the memory up; runs to its end before the parties begin. */
  setUp?: Program;
  parties: Program[];
  /** Whether one of the parties may die, at any step. `recover` runs then, as a further party. */
  deaths?: boolean;
  /** Which parties may die; by default all. */
  mortal?: number[];
  /** What the host does when party `dead` has died. */
  recover?: (dead: number, words: Words, party: Party, log: (text: string) => void) => void;
  /** The parties of which one sleep, with a time limit, may end by it. By default none. */
  timeouts?: number[];
  /** Look at an end of all: the logs of the parties, and who died. Throws if it is wrong. */
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
   * How often a party may be interrupted, all in all, while it could go on; by default without
   * limit. It is not counted when a party goes on because the one before it sleeps, ends or dies.
   */
  interruptions?: number;
  /** How often a party looks again before it goes to sleep. Default: not at all. */
  patience?: number;
  /** Give up beyond so many states. */
  limit?: number;
}

/** What was explored. */
export interface Exploration {
  /** Different states of memory and parties. */
  states: number;
  /** Steps between them. */
  steps: number;
  /** Orders in which the parties can get from the start to an end. */
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
  | ["notify", number, number];

type Result = number | Woken;

/** A party that has had certain results: the next operation, and what follows from its result. */
class Node {
  readonly program: Program;
  readonly party: Party;
  readonly results: Result[];
  readonly id: number;
  readonly patience: number;
  readonly log: string[] = [];
  next: Operation | undefined = undefined;
  error: unknown = undefined;
  readonly children = new Map<Result, Node>();

  constructor(
    program: Program,
    party: Party,
    patience: number,
    results: Result[],
    id: number,
  ) {
    this.program = program;
    this.party = party;
    this.patience = patience;
    this.results = results;
    this.id = id;
    const words = new Replay(this);
    try {
      program(words, party, (text) => this.log.push(text));
    } catch (error) {
      if (error !== STOP) this.error = error;
    }
  }

  child(result: Result, ids: () => number): Node {
    let child = this.children.get(result);
    if (child === undefined) {
      const results = [...this.results, result];
      child = new Node(this.program, this.party, this.patience, results, ids());
      this.children.set(result, child);
    }
    return child;
  }
}

const STOP = Symbol("stop");

class Replay implements Words {
  readonly patience: number;
  readonly #node: Node;
  #at = 0;
  #late = false;

  constructor(node: Node) {
    this.#node = node;
    this.patience = node.patience;
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

  // Time stands still until a sleep ends by its limit.
  now(): number {
    return this.#late ? Infinity : 0;
  }
}

interface State {
  memory: Int32Array;
  /** Two hashes of the memory, scratch left out. */
  hash: [number, number];
  nodes: Node[];
  /** Who sleeps, the longest first: party and word. */
  sleepers: [party: number, at: number][];
  dead: number | undefined;
  /** Who made the last step; below 0 if nobody has. */
  last: number;
  /** How many interruptions there were. */
  interruptions: number;
}

const ID_OF_HOST = 1_000;

/** The id of a party's thread. */
export function idOf(party: number): number {
  return party + 1;
}

/** Explore all there is. */
export function explore(scenario: Scenario): Exploration {
  const { parties, recover, deaths = false, patience = 0, limit = 5_000_000 } = scenario;
  const { interruptions: most = Infinity, scratch = [] } = scenario;
  const inScratch = (at: number) => scratch.some(({ from, to }) => at >= from && at < to);
  const mortal = new Set(scenario.mortal ?? parties.keys());
  const impatient = new Set(scenario.timeouts ?? []);
  let nodes = 0;
  const ids = () => nodes++;
  const memory = new Int32Array(scenario.size);
  if (scenario.setUp !== undefined) runAlone(scenario.setUp, memory);

  const roots = parties.map((program, i) =>
    new Node(program, party(idOf(i), () => false), patience, [], ids())
  );
  const hosts = new Map<number, Node>();
  const host = (dead: number) => {
    let root = hosts.get(dead);
    if (root === undefined) {
      const isDead = (id: number) => id === idOf(dead);
      const program: Program = (words, party, log) => recover?.(dead, words, party, log);
      root = new Node(program, party(ID_OF_HOST, isDead), patience, [], ids());
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
      return;
    }
    const canGoOn = (i: number) => state.dead !== i && state.nodes[i]?.next !== undefined;
    const asleep = (i: number) => state.sleepers.some(([party]) => party === i);
    const interrupting = most < Infinity && canGoOn(state.last) && !asleep(state.last) ? 1 : 0;
    for (let i = 0; i < state.nodes.length; i++) {
      if (!canGoOn(i)) continue;
      const cost = i === state.last ? 0 : interrupting;
      if (state.interruptions + cost > most) continue;
      const before = most < Infinity
        ? { ...state, last: i, interruptions: state.interruptions + cost }
        : state;
      if (!asleep(i)) yield step(before, i, state.nodes[i]!.next!);
      else if (impatient.has(i) && mayTimeOut(state.nodes[i]!)) {
        yield advance(before, i, "timed-out");
      }
    }
    if (!deaths || state.dead !== undefined) return;
    for (const i of mortal) {
      if (state.nodes[i]!.next !== undefined) yield kill(state, i);
    }
  }

  // In a guard nobody stays for long: only the dead do.
  function mayTimeOut({ next, results }: Node): boolean {
    return next?.[0] === "wait" && next[3] <= SLICE && !results.includes("timed-out");
  }

  function quietOne({ nodes, dead, sleepers }: State): number {
    const { quiet } = scenario;
    if (quiet === undefined) return -1;
    return nodes.findIndex(({ next }, i) => {
      return next !== undefined && quiet(next[1]) && i !== dead &&
        !sleepers.some(([party]) => party === i);
    });
  }

  function kill(state: State, i: number): State {
    return {
      ...state,
      nodes: [...state.nodes, host(i)],
      sleepers: state.sleepers.filter(([party]) => party !== i),
      dead: i,
    };
  }

  function advance(state: State, i: number, result: Result): State {
    const next = [...state.nodes];
    next[i] = next[i]!.child(result, ids);
    return { ...state, nodes: next, sleepers: state.sleepers.filter(([party]) => party !== i) };
  }

  function step(state: State, i: number, operation: Operation): State {
    const [kind, at, a = 0, b = 0] = operation;
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
        for (const [party] of woken) next = advance(next, party, "ok");
        return next;
      }
    }
  }

  function keyOf({ memory, hash, nodes, sleepers, dead, last, interruptions }: State): string {
    let key = `${hash}|${sleepers}|${dead}|${last}|${interruptions}`;
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
      return next === undefined || state.dead === i ? [] : [`party ${i} at ${next.join(" ")}`];
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
        frame.any ||= next.value.dead === frame.state.dead;
        steps++;
        const key = keyOf(next.value);
        const known = seen.get(key);
        if (known !== undefined) count(frame, known.schedules, known.depth);
        // A state that comes back to itself, two that wait for each other in turn, say.
        else if (seen.has(key)) throw new Error("The parties go round in circles");
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
      if (state.dead !== before.dead) return `${state.dead} dies`;
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

function party(id: number, isDead: (id: number) => boolean): Party {
  return { id, isDead, checkAlive: () => {} };
}

function runAlone(program: Program, memory: Int32Array): void {
  const words: Words = {
    patience: 0,
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
  program(words, party(ID_OF_HOST, () => false), () => {});
}
