/**
 * How what is shared gets to the thread that takes it out of a shared queue.
 *
 * Shared memory crosses only in a message, and nobody knows who will take an item. So whoever puts
 * one publishes the handles that it holds, under a number, to all threads that may have the queue,
 * before the item with that number is in the ring; who takes the item claims them, also where it was
 * blocked since, and tells the others that they are gone. Threads know each other by ports: who
 * starts a worker introduces it to all those that it knows itself.
 *
 * CPython: `multiprocessing.resource_sharer`.
 *
 * @module
 */
import { show } from "../base/validate.ts";
import { adoptPort, makeChannel, type Port, post, receiveNow } from "./message_channel.ts";
import { handshakeWithHost } from "./shareable.ts";

/** What was published under one number: data that structured clone carries. */
export type Handles = unknown[];

/** One end of the way between two threads: a mailbox, and a doorbell. */
type Ports = [mailbox: MessagePort, doorbell: MessagePort];

/** What a new worker is given: ports to each thread that it is to know, and what is published. */
export type Handshake = [ports: Ports[], published: [number, Handles][]];

type Send = (handshake: Handshake, transfer: Transferable[]) => void;

const PUBLISHED = 0;
const GONE = 1;
const MEET = 2;

type Mail =
  | [kind: typeof PUBLISHED, number: number, handles: Handles]
  | [kind: typeof GONE, number: number]
  | [kind: typeof MEET, ports: Ports];

/** After how many letters the doorbell is rung, lest they pile up where nobody looks for them. */
const MANY = 64;

/**
 * Another thread. Its mailbox is read without the event loop, and only so: a letter that the event
 * loop has fetched and not yet brought could not be read.
 */
export class Peer {
  readonly #mailbox: Port;
  readonly #doorbell: Port;
  #sent = 0;

  /** Know a thread by these ends of the way to it. */
  constructor([mailbox, doorbell]: [Port, Port]) {
    this.#mailbox = mailbox;
    this.#doorbell = doorbell;
    doorbell.addEventListener("close", () => disconnect(this));
    doorbell.onmessage = () => drainMailboxes();
    doorbell.unref?.();
  }

  /** Put a letter into its mailbox. */
  send(mail: Mail, transfer?: Transferable[]): void {
    post(this.#mailbox, mail, transfer);
    if (++this.#sent % MANY === 0) post(this.#doorbell, null);
  }

  /** The next letter that came from it, whatever that is. */
  receive(): { message: unknown } | undefined {
    return receiveNow(this.#mailbox);
  }

  /** Close the way to it. */
  close(): void {
    this.#mailbox.close();
    this.#doorbell.close();
  }
}

const published = new Map<number, Handles>();
const peers = new Set<Peer>();
let needed = false;
let next = 0;

/** Say that a queue crosses, or a way by which one might: workers have to know each other then. */
export function needPeers(): void {
  if (needed) return;
  needed = true;
  // In a worker to which nobody was introduced, and whose host has to know it from here on.
  if (peers.size === 0 && handshakeWithHost.send !== undefined) {
    shakeHands(handshakeWithHost.send as Send);
  }
}

/** Whether workers have to know each other. */
export function peersNeeded(): boolean {
  return needed;
}

/** Publish handles to all who may come to need them. Gives their number. */
export function publish(handles: Handles): number {
  while (next % 2 ** 21 === 0) next = crypto.getRandomValues(new Uint32Array(1))[0]! * 2 ** 21 + 1;
  const number = next++;
  published.set(number, handles);
  const told = new Set<Peer>();
  do {
    for (const peer of peers) {
      if (!told.has(peer)) peer.send([PUBLISHED, number, handles]);
      told.add(peer);
    }
    // Whoever was introduced meanwhile may have been given what was published before.
    drainMailboxes();
  } while ([...peers].some((peer) => !told.has(peer)));
  return number;
}

/** Take handles out; `undefined` if they never got here. */
export function claim(number: number): Handles | undefined {
  drainMailboxes();
  const handles = published.get(number);
  retract(number);
  return handles;
}

/** Forget handles, and have the others forget them. */
export function retract(number: number): void {
  published.delete(number);
  for (const peer of peers) peer.send([GONE, number]);
}

/**
 * Introduce a new worker to all who are known here.
 *
 * @param send Sends it what it needs for `join`, before anything else.
 * @returns What it is known by here: `disconnect` it when it is gone.
 */
export function shakeHands(send: Send): Peer {
  const ways = [...peers].map((peer) => {
    const [here, there] = connectMailboxes();
    peer.send([MEET, here], here);
    return there;
  });
  const [here, there] = connectMailboxes();
  // After the introductions: who publishes something from here on knows the new one.
  drainMailboxes();
  const peer = new Peer(here);
  peers.add(peer);
  send([[...ways, there], [...published]], [...ways, there].flat());
  return peer;
}

/** Get to know those to whom this thread was introduced. */
export function join(handshake: Handshake): void {
  const [ports, handles] = checkHandshake(handshake);
  needed = true;
  for (const [number, what] of handles) published.set(number, what);
  for (const pair of ports) meet(pair);
}

/** Get to know a worker that says so itself, and introduce it to all others. */
export function accept(handshake: Handshake): void {
  const [[ports], handles] = checkHandshake(handshake);
  if (ports === undefined) throw refusal(handshake);
  needed = true;
  const newcomer = new Peer(adopt(ports));
  for (const peer of peers) {
    const [left, right] = connectMailboxes();
    peer.send([MEET, left], left);
    newcomer.send([MEET, right], right);
  }
  for (const [number, what] of handles) published.set(number, what);
  peers.add(newcomer);
}

/** Forget a thread that is gone. */
export function disconnect(peer: Peer): void {
  if (!peers.has(peer)) return;
  // What it published before it went is needed still.
  drainMailboxes();
  peers.delete(peer);
  peer.close();
}

function connectMailboxes(): [here: [Port, Port], there: [Port, Port]] {
  const mailbox = makeChannel();
  const doorbell = makeChannel();
  return [[mailbox.port1, doorbell.port1], [mailbox.port2, doorbell.port2]];
}

function adopt([mailbox, doorbell]: Ports): [Port, Port] {
  return [adoptPort(mailbox), adoptPort(doorbell)];
}

function meet(ports: Ports): void {
  peers.add(new Peer(adopt(ports)));
}

/** Read all letters that are there. */
function drainMailboxes(): void {
  const gone: number[] = [];
  // Who says that something is gone had it from another, whose letter was sent before, but may have
  // come just after that other's mailbox was looked into. (resource_sharer_test: "What is gone is
  // forgotten, also if that is read before …")
  let news: number[];
  do {
    news = readMailboxes();
    gone.push(...news);
  } while (news.some((number) => !published.has(number)));
  for (const number of gone) published.delete(number);
}

/** Read what there is from each. Gives what they say is gone. */
function readMailboxes(): number[] {
  const gone: number[] = [];
  for (const peer of peers) {
    for (let read = peer.receive(); read !== undefined; read = peer.receive()) {
      // Code of the user in another thread may have got hold of a port: what no peer writes is not
      // for anybody, and must end nothing here.
      if (!isMail(read.message)) continue;
      const [kind, what, handles] = read.message;
      if (kind === PUBLISHED) published.set(what, handles);
      else if (kind === GONE) gone.push(what);
      else meet(what);
    }
  }
  return gone;
}

function isMail(message: unknown): message is Mail {
  if (!Array.isArray(message)) return false;
  const [kind, what, handles] = message;
  if (kind === PUBLISHED) return typeof what === "number" && Array.isArray(handles);
  return kind === GONE ? typeof what === "number" : kind === MEET && arePorts(what);
}

function arePorts(value: unknown): value is Ports {
  return Array.isArray(value) && value.length === 2 &&
    value.every((port) => port instanceof MessagePort);
}

function checkHandshake(handshake: Handshake): Handshake {
  const [ports, handles] = handshake as unknown[];
  const whole = Array.isArray(ports) && ports.every(arePorts) && Array.isArray(handles) &&
    handles.every((entry) =>
      Array.isArray(entry) && typeof entry[0] === "number" && Array.isArray(entry[1])
    );
  if (!whole) throw refusal(handshake);
  return handshake;
}

function refusal(handshake: unknown): TypeError {
  return new TypeError(
    `Cannot accept a thread: ${show(handshake)} is no handshake, wanted ports and handles`,
  );
}
