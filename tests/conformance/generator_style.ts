import {
  asCompleted,
  createTask,
  currentTask,
  gather,
  shield,
  sleep,
  TaskGroup,
  type Timeout,
  timeout,
  wait,
  waitFor,
} from "../../mod.ts";
import type { Child, Statement } from "./program.ts";
import {
  catches,
  limit,
  runAtOnce,
  showError,
  showGathered,
  showOutcome,
  showValue,
  type Value,
  type World,
} from "./world.ts";

/** A body under way: it yields what it waits for. */
type Steps<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** Run a child as Python runs a coroutine: what does not wait takes no microtask. */
export function runChild(world: World, child: Child): Promise<Value> {
  return drive(childSteps(world, child));
}

function drive<T>(steps: Steps<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const go = (advance: () => IteratorResult<PromiseLike<unknown>, T>) => {
      try {
        const { done, value } = advance();
        if (done) return resolve(value);
        value.then(
          (result) => go(() => steps.next(result)),
          (error) => go(() => steps.throw(error)),
        );
      } catch (error) {
        reject(error);
      }
    };
    go(() => steps.next());
  });
}

function* waiting<T>(promise: PromiseLike<T>): Steps<T> {
  return (yield promise) as T;
}

function* childSteps(world: World, { name, j, body }: Child): Steps<Value> {
  if (j !== undefined) yield sleep(j);
  world.log(name, "start");
  let value: Value;
  try {
    value = yield* bodySteps(world, name, body, undefined);
  } catch (error) {
    world.log(name, `exit ${showError(error)}`);
    throw error;
  }
  world.log(name, `end ${showValue(value)}`);
  return value;
}

function* bodySteps(
  world: World,
  name: string,
  body: Statement[],
  around: Timeout | undefined,
): Steps<Value> {
  for (const statement of body) {
    const value = yield* statementSteps(world, name, statement, around);
    if (value !== undefined) return value;
  }
  return undefined;
}

function* statementSteps(
  world: World,
  name: string,
  s: Statement,
  around: Timeout | undefined,
): Steps<Value> {
  const body = (statements: Statement[], inner = around) =>
    bodySteps(world, name, statements, inner);
  const run = (child: Child) => runChild(world, child);
  const create = (child: Child) => createTask(() => run(child), { name: child.name });
  switch (s.op) {
    case "sleep":
      yield sleep(s.t);
      return undefined;
    case "log":
    case "raise":
    case "ret":
    case "shutdown":
    case "evset":
    case "evclear":
    case "uncancel":
    case "cancelling":
    case "resched":
    case "cancelself":
    case "spawn":
    case "cancel":
      return runAtOnce(world, name, s, run, around);
    case "put":
      yield world.queues[s.q].put(1);
      return void world.log(name, "put");
    case "get":
      yield world.queues[s.q].get();
      world.log(name, "got");
      return void world.queues[s.q].taskDone();
    case "join":
      yield world.queues[s.q].join();
      return void world.log(name, "joined");
    case "evwait":
      yield world.events[s.e].wait();
      return void world.log(name, "event");
    case "cwait": {
      using _ = yield* waiting(world.condition.acquire());
      yield world.condition.wait();
      return void world.log(name, "notified");
    }
    case "notify": {
      using _ = yield* waiting(world.condition.acquire());
      if (s.all) world.condition.notifyAll();
      else world.condition.notify();
      return undefined;
    }
    case "barrier":
      yield world.barrier.wait();
      return void world.log(name, "crossed");
    case "await": {
      const task = world.tasks.get(s.n);
      if (task !== undefined && task !== currentTask()) {
        world.log(name, `awaited ${showValue(yield* waiting(task))}`);
      }
      return undefined;
    }
    case "try":
      try {
        return yield* body(s.body);
      } catch (error) {
        if (!catches(s.on, error)) throw error;
        world.log(name, `caught ${showError(error)}`);
        const value = yield* body(s.handler);
        if (s.reraise) throw error;
        return value;
      } finally {
        if (s.final.length > 0) {
          world.log(name, "finally");
          yield* body(s.final);
        }
      }
    case "tg": {
      const value = yield* waiting(TaskGroup.run((group) => {
        for (const child of s.children) {
          const task = group.createTask(() => run(child), { name: child.name });
          world.tasks.set(child.name, task);
        }
        return drive(body(s.body));
      }));
      world.log(name, "group done");
      return value;
    }
    case "gather": {
      const tasks = s.children.map(create);
      const results = yield* waiting(gather(tasks, { returnExceptions: s.rex }));
      return void world.log(name, `gathered ${results.map(showGathered).join(" ")}`);
    }
    case "timeout": {
      const value = yield* waiting(timeout(s.t, (inner) => drive(body(s.body, inner))));
      world.log(name, "in time");
      return value;
    }
    case "waitfor": {
      const value = yield* waiting(waitFor(() => run(s.child), s.t));
      return void world.log(name, `waited ${showValue(value)}`);
    }
    case "shield": {
      const value = yield* waiting(shield(create(s.child)));
      return void world.log(name, `shielded ${showValue(value)}`);
    }
    case "waitset": {
      const tasks = s.children.map(create);
      const { done } = yield* waiting(wait(tasks, { ...limit(s.t), returnWhen: s.mode }));
      return void world.log(name, `wait ${tasks.map((t) => done.has(t) ? "D" : "P").join(" ")}`);
    }
    case "ascompleted": {
      const completed = asCompleted(s.children.map(create), limit(s.t))[Symbol.asyncIterator]();
      for (;;) {
        const step = yield* waiting(completed.next());
        if (step.done) return undefined;
        world.log(name, `completed ${showOutcome(step.value)}`);
      }
    }
    case "gathert": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      const results = yield* waiting(gather(tasks, { returnExceptions: s.rex }));
      return void world.log(name, `gathered ${results.map(showGathered).join(" ")}`);
    }
    case "waitt": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      const { done } = yield* waiting(wait(tasks, { ...limit(s.t), returnWhen: s.mode }));
      return void world.log(name, `wait ${tasks.map((t) => done.has(t) ? "D" : "P").join(" ")}`);
    }
    case "waitfort": {
      const [task] = world.others(s.n);
      if (task === undefined) return undefined;
      const value = yield* waiting(waitFor(task, s.t));
      return void world.log(name, `waited ${showValue(value)}`);
    }
    case "shieldt": {
      const [task] = world.others(s.n);
      if (task === undefined) return undefined;
      const value = yield* waiting(shield(task));
      return void world.log(name, `shielded ${showValue(value)}`);
    }
    case "ascompletedt": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      const completed = asCompleted(tasks, limit(s.t))[Symbol.asyncIterator]();
      for (;;) {
        const step = yield* waiting(completed.next());
        if (step.done) return undefined;
        world.log(name, `completed ${showOutcome(step.value)}`);
      }
    }
    case "sem": {
      using _ = yield* waiting(world.semaphores[s.s].acquire());
      world.log(name, "sem");
      return yield* body(s.body);
    }
    case "lock": {
      using _ = yield* waiting(world.locks[s.s].acquire());
      world.log(name, "lock");
      return yield* body(s.body);
    }
  }
}
