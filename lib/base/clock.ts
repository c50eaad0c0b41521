/**
 * The one place that reads clocks and starts timers.
 *
 * The globals are looked up at each call, so that a fake clock installed later is honoured.
 */
import { builtin, laterGlobal } from "./builtins.ts";
import { Heap } from "./heap.ts";
import { LinkedEntry, LinkedList } from "./linked_list.ts";
import { denoVersion, isDeno } from "./runtime.ts";

/** The longest delay that a native timer takes; longer ones are chained. */
const LONGEST = 2 ** 31 - 1;

/** A timer that can be called off. */
export interface Timer {
  /** Call it off; nothing happens if it has fired. */
  stop(): void;
}

/** The last reading in whole milliseconds: a number with a fraction would be an object each time. */
let reading = 0;
let asked = 0;

/** Now, in milliseconds on the scale of `performance.now()`. */
export function now(): number {
  const time = performance.now();
  reading = Math.trunc(time);
  return time;
}

/** After how many rough looks the clock is read. */
const ROUGH = 64;

/**
 * About now: the last reading, which may be old where little happens. To read the clock takes a
 * third of the time of a whole wait.
 */
export function roughNow(): number {
  if (++asked >= ROUGH) {
    asked = 0;
    now();
  }
  return reading;
}

/** What changes whenever something asks for the time, however roughly. */
export function clockLooks(): string {
  return `${reading} ${asked}`;
}

class NativeTimer implements Timer {
  #id: ReturnType<typeof setTimeout>;
  #left: number;
  readonly #fire: () => void;

  constructor(ms: number, fire: () => void) {
    this.#left = ms;
    this.#fire = fire;
    this.#id = this.#start();
  }

  stop(): void {
    clearTimeout(this.#id);
  }

  #start(): ReturnType<typeof setTimeout> {
    if (this.#left <= LONGEST) return setTimeout(this.#fire, this.#left);
    return setTimeout(() => {
      this.#left -= LONGEST;
      this.#id = this.#start();
    }, LONGEST);
  }
}

class SharedTimer extends LinkedEntry implements Timer {
  readonly since: number;
  readonly fire: () => void;
  readonly #bucket: Bucket;

  constructor(bucket: Bucket, since: number, fire: () => void) {
    super();
    this.#bucket = bucket;
    this.since = since;
    this.fire = fire;
  }

  stop(): void {
    this.#bucket.remove(this);
  }
}

/** Timers of the same delay, started within a millisecond: one alarm serves them all. */
class Bucket {
  readonly #ms: number;
  readonly #timers: LinkedList<SharedTimer> = new LinkedList();
  #alarm: Alarm | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  add(since: number, fire: () => void): Timer {
    const timer = new SharedTimer(this, since, fire);
    this.#timers.append(timer);
    this.#alarm ??= new Alarm(this, since + this.#ms, this.#ms);
    return timer;
  }

  remove(timer: SharedTimer): void {
    if (!this.#timers.remove(timer) || this.#timers.size > 0) return;
    this.#alarm?.stop();
    this.#alarm = undefined;
  }

  /** Fire those that are due at `at`, up to where another bucket has its turn. */
  ring(at: number): void {
    this.#alarm = undefined;
    for (let timer = this.#timers.first; timer !== undefined; timer = this.#timers.first) {
      const due = timer.since + this.#ms;
      if (due > at || due > (alarms.peek()?.due ?? Infinity)) {
        this.#alarm ??= new Alarm(this, due, due > at ? Math.ceil(due - at) : undefined);
        return;
      }
      this.#timers.remove(timer);
      timer.fire();
    }
  }
}

/** When a bucket is to ring. */
class Alarm implements Timer {
  readonly due: number;
  readonly bucket: Bucket;
  live = true;
  #native: Timer | undefined;

  /** Without `ms` it is due already, and those that are due are being rung. */
  constructor(bucket: Bucket, due: number, ms: number | undefined) {
    this.bucket = bucket;
    this.due = due;
    if (ms !== undefined) this.#native = new NativeTimer(ms, () => this.#onTime());
    alarms.push(this);
  }

  stop(): void {
    this.live = false;
    this.#native?.stop();
    if (++stopped > FEW_STOPPED && stopped * 2 > alarms.size) sweep();
  }

  ring(at: number): void {
    this.live = false;
    this.#native?.stop();
    this.bucket.ring(at);
  }

  #onTime(): void {
    ringAllDue();
    // A native timer may be a fraction of a millisecond early.
    if (!this.live) return;
    this.#native = new NativeTimer(Math.ceil(this.due - now()), () => this.#onTime());
  }
}

/** So many stopped alarms may stand among few others. */
const FEW_STOPPED = 100;

const byDue = (a: Alarm, b: Alarm) => a.due - b.due;
let alarms: Heap<Alarm> = new Heap(byDue);
let stopped = 0;

// As in asyncio, all that are due fire, in the order of their times, before any task goes on: the
// runtime would let tasks run between one timer and the next.
function ringAllDue(): void {
  const at = now();
  for (let first = alarms.peek(); first !== undefined; first = alarms.peek()) {
    if (first.live && first.due > at) return;
    alarms.pop();
    if (first.live) first.ring(at);
    else stopped--;
  }
}

/** Whether any timer is set, but for those of fake time and those of more than 24 days. */
export function timersPending(): boolean {
  return alarms.size > stopped;
}

function sweep(): void {
  const all = alarms;
  alarms = new Heap(byDue);
  for (const alarm of all) {
    if (alarm.live) alarms.push(alarm);
  }
  stopped = 0;
}

interface Natives {
  readonly setTimeout: unknown;
  readonly hop: Hop;
}

/** Looked up when first needed, as the runtime may have to load them. */
let natives: Natives | undefined;

// Not the globals: fake time may have been put in their place, and must not stop a turn of the event
// loop, which is not a matter of time.
function findNatives(): Natives {
  const timers = findTimers();
  const hop = fastestHop(isFake(timers?.setImmediate) ? undefined : timers?.setImmediate);
  if (DENOS_OWN.test(`${atLoad.read()}`)) return { setTimeout: atLoad.read(), hop };
  const own = isFake(timers?.setTimeout) ? atLoad.read() : timers?.setTimeout;
  return { setTimeout: isFake(own) ? undefined : own, hop };
}

// The fake timers of sinon, on which those of jest and vitest are built, stand in `node:timers`,
// too, if they were put in place before this is first asked for.
function isFake(fn: unknown): boolean {
  return typeof fn === "function" && "clock" in fn;
}

/** The part of `node:timers` that is used here. */
interface Timers {
  readonly setTimeout: unknown;
  readonly setImmediate?: Hop;
}

const atLoad = laterGlobal("setTimeout");
const immediateAtLoad = laterGlobal("setImmediate");

// Deno's globals are those of `node:timers`, unless something has been put in their place: these no
// getter gives. To ask for the module is to ask for `process`, for which Deno takes half as long as to
// start.
function findTimers(): Timers | undefined {
  return isDeno() && atLoad.isLazy && immediateAtLoad.isLazy
    ? { setTimeout: atLoad.read(), setImmediate: immediateAtLoad.read() as Hop }
    : builtin<Timers>("node:timers");
}

/** In older versions of Deno the global is not that of `node:timers`, and reads like this. */
const DENOS_OWN =
  /^function setTimeout\(callback, timeout = 0, \.\.\.args\) \{\s*checkThis\(this\);/;

const buckets: Map<number, Bucket> = new Map();
let bucketsSince = -Infinity;

/**
 * Call `fire` once, `ms` milliseconds from now. `Infinity` never fires, and holds the program as
 * any timer does.
 */
export function startTimer(ms: number, fire: () => void): Timer {
  natives ??= findNatives();
  // Fake time stands still while this clock goes on, so nothing can be shared under it.
  if (setTimeout !== natives.setTimeout || !(ms < LONGEST)) {
    return new NativeTimer(Math.max(0, ms), fire);
  }
  const since = now();
  // The millisecond begins with a timer, so that two started in one step have no border between them.
  if (!(since - bucketsSince < 1)) {
    bucketsSince = since;
    buckets.clear();
  }
  let bucket = buckets.get(ms);
  if (bucket === undefined) buckets.set(ms, bucket = new Bucket(ms));
  return bucket.add(since, fire);
}

type Hop = (fn: () => void) => unknown;

/** A channel for each turn, as an open one would hold the program. */
function hopByChannel(fn: () => void): void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    port2.close();
    fn();
  };
  port2.postMessage(undefined);
}

function hopByTimer(fn: () => void): void {
  (atLoad.read() as typeof setTimeout)(fn, 0);
}

function fastestHop(immediate: Hop | undefined): Hop {
  // Up to Deno 2.5 it is a timer of one millisecond, forty times as long as a message takes.
  const slow = /^2\.[0-5]\./.test(denoVersion() ?? "");
  if (immediate !== undefined && !slow) return immediate;
  // Cloudflare had no channels before 2025.
  return typeof MessageChannel === "function" ? hopByChannel : hopByTimer;
}

let waiting: (() => void)[] = [];

function takeTurn(): void {
  const fns = waiting;
  waiting = [];
  for (const fn of fns) fn();
}

/**
 * Call `fn`, which must not throw, in a later turn of the event loop, after I/O and timers that are
 * due had theirs. All that ask for the same turn share one hop of the runtime.
 */
export function nextTurn(fn: () => void): void {
  natives ??= findNatives();
  if (waiting.push(fn) === 1) natives.hop(takeTurn);
}
