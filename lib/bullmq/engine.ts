/**
 * What is used of BullMQ and ioredis, by structure: the library imports neither. It is typed
 * loosely, as otherwise two versions of them that differ in a detail would not fit.
 */
// deno-lint-ignore-file no-explicit-any

/**
 * The module `bullmq`, as far as it is used: `import * as bullmq from "npm:bullmq@6"`.
 */
export interface Engine {
  /** The class of queues. */
  Queue: new (name: string, options?: any) => EngineQueue;
  /** The class of workers. */
  Worker: new (name: string, processor?: any, options?: any) => EngineWorker;
  /** The error after which a job is not tried again. */
  UnrecoverableError: new (message?: string) => Error;
  /** The error of a job that was put back. */
  WaitingError: new (message?: string) => Error;
}

/** A queue of BullMQ, as far as it is used. */
export interface EngineQueue {
  /** The key of Redis for a part of the queue. */
  toKey(part: string): string;
  /** Add a job. One whose id is there already is left as it is. */
  add(name: string, data: any, opts?: any): Promise<unknown>;
  /** Add jobs with one message, in the same way. */
  addBulk(jobs: { name: string; data: any; opts?: any }[]): Promise<unknown>;
  /** Take a job out, unless a worker has it. */
  remove(id: string): Promise<number>;
  /** How many jobs there are, by state. */
  getJobCounts(...kinds: any[]): Promise<Record<string, number>>;
  /** Listen. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Let go of everything. */
  close(): Promise<void>;
}

/** A worker of BullMQ, as far as it is used. */
export interface EngineWorker {
  /** Listen. */
  on(event: any, listener: (...args: any[]) => void): unknown;
  /** Resolves when both its connections are there. */
  waitUntilReady(): Promise<unknown>;
  /** Take no more jobs; resolves when those that run are over. */
  close(force?: boolean): Promise<void>;
}

/** A job of BullMQ, as far as it is used. */
export interface EngineJob {
  /** What it is known by. */
  id?: string | undefined;
  /** What is to be done. */
  name: string;
  /** What with. */
  data: any;
  /** How it is to be done. */
  opts: { attempts?: number };
  /** How many times it has failed. */
  attemptsMade: number;
  /** Note something down beside it. */
  updateProgress(progress: any): Promise<unknown>;
  /** Put it back on the queue. */
  moveToWait(token?: string): Promise<unknown>;
}

/** A client of `ioredis`, as far as it is used: as the template of the library's own ones. */
export interface RedisLike {
  /** Make one like it. */
  duplicate(override?: any): RedisClient;
}

/** What is used of the library's own clients. */
export interface RedisClient extends RedisLike {
  /** Listen. */
  on(event: any, listener: (...args: any[]) => void): unknown;
  /** Close the connection. */
  disconnect(): void;
  /** PUBLISH. */
  publish(channel: string, message: string): Promise<number>;
  /** SUBSCRIBE. */
  subscribe(...channels: any[]): Promise<unknown>;
  /** HGETALL. */
  hgetall(key: string): Promise<Record<string, string>>;
  /** HSET. */
  hset(key: string, ...values: any[]): Promise<number>;
  /** HDEL. */
  hdel(key: string, ...fields: any[]): Promise<number>;
  /** HMGET. */
  hmget(key: string, ...fields: any[]): Promise<(string | null)[]>;
  /** MGET. */
  mget(...keys: any[]): Promise<(string | null)[]>;
  /** EXISTS. */
  exists(...keys: any[]): Promise<number>;
  /** SET with PX. */
  set(key: string, value: string, unit: "PX", ms: number): Promise<unknown>;
  /** DEL. */
  del(...keys: any[]): Promise<number>;
  /** UNLINK. */
  unlink(...keys: any[]): Promise<number>;
  /** EVAL. */
  eval(script: string, keys: number, ...keysAndArguments: any[]): Promise<unknown>;
  /** TIME. */
  time(): Promise<any>;
}
