/**
 * What the two sides of a worker say to each other.
 *
 * Messages are short arrays that begin with what they are, because the clone of an array costs a
 * third of that of an object with named fields. Calls are known by a number that goes up by one for
 * each call sent to the worker, from 0 to `CALL_NUMBERS - 1` and round again. Functions are known
 * by a number too: `Define` says once per worker what it stands for.
 */
import type { FunctionRef } from "../wire/function_ref.ts";
import type { Handshake } from "../wire/resource_sharer.ts";
import type { EncodedError, Packed } from "../wire/packing.ts";

/** What the pool tells a worker. */
export const ToWorkerKind = {
  Init: 0,
  Define: 1,
  Calls: 2,
  Chunk: 3,
  Stream: 4,
  Pull: 5,
  Cancel: 6,
  Forget: 7,
  Handshake: 8,
  Trace: 9,
} as const;

/** What a worker tells the pool. */
export const FromWorkerKind = {
  Ready: 0,
  InitFailed: 1,
  Done: 2,
  Failed: 3,
  ChunkDone: 4,
  Yielded: 5,
  Doorbell: 6,
  Crashed: 7,
  Handshake: 8,
} as const;

/**
 * What a thread is given at its start: the port to its pool; the memory of its call table and the
 * list of dead threads, where memory can be shared; whether its own memory is limited; and a lock to
 * hold as long as it lives, by which its end is heard of where nothing else tells of it.
 */
export type Boot = [
  port: MessagePort,
  memory: SharedArrayBuffer | undefined,
  deaths: SharedArrayBuffer | undefined,
  limited?: boolean,
  lock?: string,
];

/** A list of arguments or of items: as it is, or packed because something in it needs it. */
export type List = unknown[] | Packed;

/** The first message: who it is, and what it has to do before anything else. */
type InitMessage = [
  kind: typeof ToWorkerKind.Init,
  name: string,
  initializer: FunctionRef | null,
  initargs: List,
];

/** What a function number stands for. Sent before the first call that uses it. */
type DefineMessage = [
  kind: typeof ToWorkerKind.Define,
  fn: number,
  ref: FunctionRef,
];

/** Calls to run one after another: `call`, `fn` and `args` in turn. */
export type CallsMessage = [
  kind: typeof ToWorkerKind.Calls,
  ...calls: (number | List)[],
];

/** Items for one function: a piece of a `map`. `spread`: each item is a list of arguments. */
type ChunkMessage = [
  kind: typeof ToWorkerKind.Chunk,
  call: number,
  fn: number,
  items: List,
  spread: boolean,
];

/** Run a generator; `credit` says how many values it may send before it is pulled again. */
type StreamMessage = [
  kind: typeof ToWorkerKind.Stream,
  call: number,
  fn: number,
  args: List,
  credit: number,
];

/** The generator may send that many more values. */
type PullMessage = [
  kind: typeof ToWorkerKind.Pull,
  call: number,
  credit: number,
];

/** Ask a call to stop: its task is cancelled. It is answered by what the call ends with. */
type CancelMessage = [
  kind: typeof ToWorkerKind.Cancel,
  call: number,
  error: EncodedError,
];

/** Forget every function number; they will be defined anew. */
type ForgetMessage = [kind: typeof ToWorkerKind.Forget];

/** Who the worker needs to know, so that what is shared can go through queues. */
type HandshakeMessage = [
  kind: typeof ToWorkerKind.Handshake,
  ...handshake: Handshake,
];

/** The trace that the next call is part of: a W3C `traceparent`. Only sent while somebody traces. */
type TraceMessage = [
  kind: typeof ToWorkerKind.Trace,
  call: number,
  traceparent: string,
];

/** Everything that the pool may tell a worker. */
export type ToWorker =
  | InitMessage
  | DefineMessage
  | CallsMessage
  | ChunkMessage
  | StreamMessage
  | PullMessage
  | CancelMessage
  | ForgetMessage
  | HandshakeMessage
  | TraceMessage;

/** The answer to `Init`: it is ready for work. */
type ReadyMessage = [kind: typeof FromWorkerKind.Ready];

/** The other answer to `Init`: the initializer failed. */
type InitFailedMessage = [kind: typeof FromWorkerKind.InitFailed, error: EncodedError];

/** A call, or a stream, ended well. */
export type DoneMessage = [
  kind: typeof FromWorkerKind.Done,
  call: number,
  value: unknown,
  packed?: true,
];

/** A call or a stream ended with an error; `cancelled` if its task did as it was asked. */
export type FailedMessage = [
  kind: typeof FromWorkerKind.Failed,
  call: number,
  error: EncodedError,
  cancelled: boolean,
];

/**
 * A chunk ended. `results` are those of the items from the first on; if they are fewer than the
 * items, `error` is what the next one failed with, `cancelled` as above. `ms` is how long it took.
 */
export type ChunkDoneMessage = [
  kind: typeof FromWorkerKind.ChunkDone,
  call: number,
  results: List,
  ms: number,
  error?: EncodedError,
  cancelled?: boolean,
];

/** A generator yielded a value. */
type YieldedMessage = [
  kind: typeof FromWorkerKind.Yielded,
  call: number,
  value: unknown,
  packed?: true,
];

/** There are results on the call table. A bare number crosses faster than any list. */
type DoorbellMessage = typeof FromWorkerKind.Doorbell;

/** An error that no call caught: the worker counts as dead from here on. */
type CrashedMessage = [kind: typeof FromWorkerKind.Crashed, error: EncodedError];

/** Who the worker is, that what is shared can go through queues. */
type PeerMessage = [
  kind: typeof FromWorkerKind.Handshake,
  ...handshake: Handshake,
];

/** Everything that a worker may tell the pool. */
export type FromWorker =
  | ReadyMessage
  | InitFailedMessage
  | DoneMessage
  | FailedMessage
  | ChunkDoneMessage
  | YieldedMessage
  | DoorbellMessage
  | CrashedMessage
  | PeerMessage;
