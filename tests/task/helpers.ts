import type { FakeTime } from "@std/testing/time";
import { assert } from "@std/assert";
import { type Coroutine, createTask, ExceptionGroup, Future, type Task } from "../../mod.ts";
import { settle } from "../support/settled.ts";

/** Let things come to rest, move the fake time on, and let them come to rest again. */
export async function advance(time: FakeTime, ms: number): Promise<void> {
  await settle();
  time.tick(ms);
  await settle();
}

/** Start a task whose failure the test reads later: it must not count as unhandled until then. */
export function start<T>(coro: Coroutine<T>): Task<T> {
  const task = createTask(coro);
  task.catch(() => {});
  return task;
}

/** How a future ended: `"=value"`, `"cancelled"`, the error's name and message, or `"pending"`. */
export function ending(future: Future<unknown>): string {
  if (!future.done()) return "pending";
  if (future.cancelled()) return "cancelled";
  const error = future.exception();
  if (error === undefined) return `=${future.result()}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Throws an error of that name. */
export const boom = (name: string) => (): never => {
  throw new Error(name);
};

/** Waits for ever, and notes when it is cancelled. */
export function waiting(seen: string[], name: string): () => Promise<void> {
  return async () => {
    try {
      await new Future();
    } catch (error) {
      seen.push(`${name} ${(error as Error).name}`);
      throw error;
    }
  };
}

/** The messages of the errors in a group, or what else is in it. */
export function messages(error: unknown): unknown[] {
  assert(error instanceof ExceptionGroup, String(error));
  return error.errors.map((one) => one instanceof Error ? one.message : one);
}

/** Wait until the tasks have ended, whatever the outcome. */
export async function ended(...tasks: Task<unknown>[]): Promise<void> {
  await Promise.allSettled(tasks);
}

/** The error that a promise rejects with. */
export async function failure(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("It did not fail");
}
