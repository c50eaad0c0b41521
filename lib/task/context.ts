import type { Scope } from "./scope.ts";

/** What `run` holds together: every task created under it, however deep. */
export interface Realm {
  /** Whether its `run` has not settled yet. */
  open: boolean;
}

/** The realm of code outside any `run`. */
const everywhere: Realm = { open: false };

/** The part of `AsyncLocalStorage` that is used here. */
interface Storage {
  getStore(): Scope | undefined;
  run<R>(store: Scope | undefined, fn: () => R): R;
}

/**
 * Where the runtime has no `AsyncLocalStorage`: the scope is known until the first `await`.
 */
class SynchronousStorage implements Storage {
  #store: Scope | undefined;

  getStore(): Scope | undefined {
    return this.#store;
  }

  run<R>(store: Scope | undefined, fn: () => R): R {
    const outer = this.#store;
    this.#store = store;
    try {
      return fn();
    } finally {
      this.#store = outer;
    }
  }
}

interface Builtins {
  process?: { getBuiltinModule?(name: string): { AsyncLocalStorage: new () => Storage } };
}

function makeStorage(): Storage {
  // Reached without an import, so that the module loads where there is no such built-in.
  const hooks = (globalThis as Builtins).process?.getBuiltinModule?.("node:async_hooks");
  return hooks === undefined ? new SynchronousStorage() : new hooks.AsyncLocalStorage();
}

const storage = makeStorage();

/** The innermost scope that the running code belongs to; `undefined` outside any living task. */
export function currentScope(): Scope | undefined {
  const scope = storage.getStore();
  return scope === undefined || scope.task.done() ? undefined : scope.innermost;
}

/** The realm of the running code. */
export function currentRealm(): Realm {
  return storage.getStore()?.realm ?? everywhere;
}

/** Run `fn` so that it, and whatever it awaits, belongs to `scope`. */
export function runInScope<R>(scope: Scope | undefined, fn: () => R): R {
  return storage.run(scope, fn);
}
