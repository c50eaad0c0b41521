/**
 * How what is shared gets to the thread that takes it out of a shared queue.
 *
 * Shared memory crosses only in a message, and nobody knows who will take an item. So whoever puts
 * one entrusts what it holds, under a number, to all threads that may have the queue, before the item
 * with that number is in the ring; who takes it finds it at hand, also where it was blocked since,
 * and tells the others that it is gone. Threads know each other by ports: who starts a worker
 * introduces it to all those that it knows itself.
 *
 * @module
 */
import { builtin } from "../base/builtins.ts";
import { adoptPort, makeChannel, type Port, post } from "./message_channel.ts";
import { beforeSending } from "./shareable.ts";

/** What was put under one number: data that structured clone carries. */
export type Goods = unknown[];

/** One end of the way between two threads: for letters, and for a bell. */
type Ports = [letters: MessagePort, bell: MessagePort];

/** What a new worker is given: ports to each thread that it is to know, and what there is. */
export type Introduction = [ports: Ports[], store: [number, Goods][]];

const ENTRUSTED = 0;
const GONE = 1;
const MEET = 2;

type Letter =
  | [kind: typeof ENTRUSTED, number: number, goods: Goods]
  | [kind: typeof GONE, number: number]
  | [kind: typeof MEET, ports: Ports];

/** After how many letters the bell is rung, lest they pile up where nobody looks for them. */
const MANY = 64;

/**
 * Another thread. Letters are read without the event loop, and only so: one that the event loop has
 * fetched and not yet brought could not be read.
 */
class Neighbour {
  readonly #letters: Port;
  readonly #bell: Port;
  #sent = 0;

  constructor([letters, bell]: [Port, Port]) {
    this.#letters = letters;
    this.#bell = bell;
    bell.addEventListener("close", () => part(this));
    bell.onmessage = () => settle();
    bell.unref?.();
  }

  send(letter: Letter, transfer?: Transferable[]): void {
    post(this.#letters, letter, transfer);
    if (++this.#sent % MANY === 0) post(this.#bell, null);
  }

  receive(): Letter | undefined {
    const threads = builtin<Threads>("node:worker_threads");
    return threads?.receiveMessageOnPort(this.#letters)?.message;
  }

  close(): void {
    this.#letters.close();
    this.#bell.close();
  }
}

const store = new Map<number, Goods>();
const neighbours = new Set<Neighbour>();
let needed = false;
let next = 0;

/** Say that a queue crosses, or a way by which one might: workers have to know each other then. */
export function needExchange(): void {
  if (needed) return;
  needed = true;
  // Made here, in a worker to which nobody was introduced.
  if (neighbours.size === 0) beforeSending.greet = greet;
}

/** Whether workers have to know each other. */
export function exchangeNeeded(): boolean {
  return needed;
}

/** Entrust goods to all who may come to need them. Gives their number. */
export function entrust(goods: Goods): number {
  while (next % 2 ** 21 === 0) next = crypto.getRandomValues(new Uint32Array(1))[0]! * 2 ** 21 + 1;
  const number = next++;
  store.set(number, goods);
  const told = new Set<Neighbour>();
  do {
    for (const one of neighbours) {
      if (!told.has(one)) one.send([ENTRUSTED, number, goods]);
      told.add(one);
    }
    // Whoever was introduced meanwhile may have been given the store as it was before.
    settle();
  } while ([...neighbours].some((one) => !told.has(one)));
  return number;
}

/** Take goods out; `undefined` if they never got here. */
export function collect(number: number): Goods | undefined {
  settle();
  const goods = store.get(number);
  withdraw(number);
  return goods;
}

/** Forget goods, and have the others forget them. */
export function withdraw(number: number): void {
  store.delete(number);
  for (const one of neighbours) one.send([GONE, number]);
}

/**
 * Introduce a new worker to all who are known here.
 *
 * @param send Sends it what it needs for `join`, before anything else.
 * @returns What it is known by here: `part` from it when it is gone.
 */
export function introduce(
  send: (introduction: Introduction, transfer: Transferable[]) => void,
): Acquaintance {
  const ways = [...neighbours].map((one) => {
    const [here, there] = makeWay();
    one.send([MEET, here], here);
    return there;
  });
  const [here, there] = makeWay();
  // After the introductions: who entrusts something from here on knows the new one.
  settle();
  const one = new Neighbour(here);
  neighbours.add(one);
  send([[...ways, there], [...store]], [...ways, there].flat());
  return one;
}

/** Get to know those to whom this thread was introduced. */
export function join([ports, goods]: Introduction): void {
  needed = true;
  beforeSending.greet = undefined;
  for (const [number, what] of goods) store.set(number, what);
  for (const pair of ports) meet(pair);
}

/** Get to know a worker that says so itself, and introduce it to all others. */
export function welcome([[ports], goods]: Introduction): void {
  needed = true;
  const newcomer = new Neighbour(adopt(ports!));
  for (const one of neighbours) {
    const [left, right] = makeWay();
    one.send([MEET, left], left);
    newcomer.send([MEET, right], right);
  }
  for (const [number, what] of goods) store.set(number, what);
  neighbours.add(newcomer);
}

/** Another thread, as it is known here. */
export type Acquaintance = Neighbour;

/** Forget a thread that is gone. */
export function part(one: Acquaintance): void {
  if (!neighbours.has(one)) return;
  // What it entrusted before it went is needed still.
  settle();
  neighbours.delete(one);
  one.close();
}

function greet(send: (introduction: unknown[], transfer: Transferable[]) => void): void {
  beforeSending.greet = undefined;
  introduce(send);
}

function makeWay(): [here: [Port, Port], there: [Port, Port]] {
  const letters = makeChannel();
  const bell = makeChannel();
  return [[letters.port1, bell.port1], [letters.port2, bell.port2]];
}

function adopt([letters, bell]: Ports): [Port, Port] {
  return [adoptPort(letters), adoptPort(bell)];
}

function meet(ports: Ports): void {
  neighbours.add(new Neighbour(adopt(ports)));
}

interface Threads {
  receiveMessageOnPort(port: MessagePort): { message: Letter } | undefined;
}

/** Read all letters that are there. */
function settle(): void {
  const gone: number[] = [];
  // Who says that something is gone had it from another, whose letter was sent before, but may have
  // come just after that other's letters were looked for.
  let news: number[];
  do {
    news = readLetters();
    gone.push(...news);
  } while (news.some((number) => !store.has(number)));
  for (const number of gone) store.delete(number);
}

/** Read what there is from each. Gives what they say is gone. */
function readLetters(): number[] {
  const gone: number[] = [];
  for (const one of neighbours) {
    for (let letter = one.receive(); letter !== undefined; letter = one.receive()) {
      if (letter[0] === ENTRUSTED) store.set(letter[1], letter[2]);
      else if (letter[0] === GONE) gone.push(letter[1]);
      else meet(letter[1]);
    }
  }
  return gone;
}
