import { show } from "../base/validate.ts";
import type { Future } from "../core/future.ts";
import { registerStub } from "../wire/function_registry.ts";

// deno-lint-ignore no-explicit-any
type ModuleFunction = (...args: any[]) => any;

/**
 * Typed stubs for the functions that a module exports: calling one runs the function in a
 * worker and gives a future.
 *
 * @typeParam M The type of the module: `typeof import("./module.ts")`.
 *
 * @example
 * ```ts
 * import { gather, type Remote, WorkerPool } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * // What the module exports; `typeof import("./geometry.ts")` where it is a file.
 * interface Geometry {
 *   area(width: number, height: number): number;
 * }
 *
 * // Works on a pool, whichever that is.
 * function areas(geometry: Remote<Geometry>): Promise<number[]> {
 *   return gather([geometry.area(2, 3), geometry.area(4, 5)]);
 * }
 *
 * await using pool = new WorkerPool(1);
 * const module = "data:text/javascript,export const area = (width, height) => width * height;";
 * assertEquals(await areas(pool.import<Geometry>(module)), [6, 20]);
 * ```
 */
export type Remote<M> = {
  readonly [
    // deno-lint-ignore no-explicit-any
    K in keyof M as M[K] extends (...args: any[]) => any ? K : never
  ]: M[K] extends (...args: infer A) => infer R ? (...args: A) => Future<Awaited<R>> : never;
};

type Submit = (fn: unknown, args: unknown[], above: unknown) => Future<unknown>;

/** Make the stubs for a module. They are made as they are asked for. */
export function makeRemote(what: string, module: unknown, submit: Submit): object {
  const url = addressOf(what, module);
  const stubs = new Map<string, ModuleFunction>();
  return new Proxy(Object.create(null), {
    get: (_target, name) => {
      // What is awaited is asked for `then`: a module of stubs is no promise.
      if (typeof name !== "string" || name === "then") return undefined;
      let stub = stubs.get(name);
      if (stub === undefined) {
        stub = makeStub(url, name, submit);
        stubs.set(name, stub);
      }
      return stub;
    },
    set: () => false,
  });
}

function makeStub(module: string, name: string, submit: Submit): ModuleFunction {
  const stub = (...args: unknown[]): Future<unknown> => submit(stub, args, stub);
  Object.defineProperty(stub, "name", { value: name });
  registerStub(stub, { module, name });
  return stub;
}

function addressOf(what: string, module: unknown): string {
  if (module instanceof URL) return module.href;
  if (typeof module !== "string") {
    throw new TypeError(
      `Cannot ${what}: module must be a URL or a string, received ${show(module)}`,
    );
  }
  if (!URL.canParse(module)) {
    throw new TypeError(
      `Cannot ${what}: module must be an absolute URL, received ${show(module)}; ` +
        `write new URL("./module.ts", import.meta.url)`,
    );
  }
  return new URL(module).href;
}
