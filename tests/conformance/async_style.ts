import {
  asCompleted,
  createTask,
  currentTask,
  type Future,
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

/** Run a child, written as people write: plain async functions that await one another. */
export async function runChild(world: World, child: Child): Promise<Value> {
  const { name, j, body } = child;
  if (j !== undefined) await sleep(j);
  world.log(name, "start");
  let value: Value;
  try {
    value = await runBody(world, name, body, undefined);
  } catch (error) {
    world.log(name, `exit ${showError(error)}`);
    throw error;
  }
  world.log(name, `end ${showValue(value)}`);
  return value;
}

async function runBody(
  world: World,
  name: string,
  body: Statement[],
  around: Timeout | undefined,
): Promise<Value> {
  for (const statement of body) {
    const value = await runStatement(world, name, statement, around);
    if (value !== undefined) return value;
  }
  return undefined;
}

async function runStatement(
  world: World,
  name: string,
  s: Statement,
  around: Timeout | undefined,
): Promise<Value> {
  const body = (statements: Statement[], inner = around) => runBody(world, name, statements, inner);
  const run = (child: Child) => runChild(world, child);
  const create = (child: Child) => createTask(() => run(child), { name: child.name });
  switch (s.op) {
    case "sleep":
      await sleep(s.t);
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
      await world.queues[s.q].put(1);
      return void world.log(name, "put");
    case "get":
      await world.queues[s.q].get();
      world.log(name, "got");
      return void world.queues[s.q].taskDone();
    case "join":
      await world.queues[s.q].join();
      return void world.log(name, "joined");
    case "evwait":
      await world.events[s.e].wait();
      return void world.log(name, "event");
    case "cwait": {
      using _ = await world.condition.acquire();
      await world.condition.wait();
      return void world.log(name, "notified");
    }
    case "notify": {
      using _ = await world.condition.acquire();
      if (s.all) world.condition.notifyAll();
      else world.condition.notify();
      return undefined;
    }
    case "barrier":
      await world.barrier.wait();
      return void world.log(name, "crossed");
    case "await": {
      const task = world.tasks.get(s.n);
      if (task !== undefined && task !== currentTask()) {
        world.log(name, `awaited ${showValue(await task)}`);
      }
      return undefined;
    }
    case "try":
      try {
        return await body(s.body);
      } catch (error) {
        if (!catches(s.on, error)) throw error;
        world.log(name, `caught ${showError(error)}`);
        const value = await body(s.handler);
        if (s.reraise) throw error;
        return value;
      } finally {
        if (s.final.length > 0) {
          world.log(name, "finally");
          await body(s.final);
        }
      }
    case "tg": {
      const value = await TaskGroup.run(async (group) => {
        for (const child of s.children) {
          const task = group.createTask(() => run(child), { name: child.name });
          world.tasks.set(child.name, task);
        }
        return await body(s.body);
      });
      world.log(name, "group done");
      return value;
    }
    case "gather": {
      const results = await gather(s.children.map(create), { returnExceptions: s.rex });
      return void world.log(name, `gathered ${results.map(showGathered).join(" ")}`);
    }
    case "timeout": {
      const value = await timeout(s.t, (inner) => body(s.body, inner));
      world.log(name, "in time");
      return value;
    }
    case "waitfor": {
      const value = await waitFor(() => run(s.child), s.t);
      return void world.log(name, `waited ${showValue(value)}`);
    }
    case "shield": {
      const value = await shield(create(s.child));
      return void world.log(name, `shielded ${showValue(value)}`);
    }
    case "waitset": {
      const tasks = s.children.map(create);
      const { done } = await wait(tasks, { ...limit(s.t), returnWhen: s.mode });
      return void world.log(name, `wait ${tasks.map((t) => done.has(t) ? "D" : "P").join(" ")}`);
    }
    case "ascompleted":
      for await (const done of asCompleted(s.children.map(create), limit(s.t))) {
        world.log(name, `completed ${showOutcome(done as unknown as Future<Value>)}`);
      }
      return undefined;
    case "gathert": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      const results = await gather(tasks, { returnExceptions: s.rex });
      return void world.log(name, `gathered ${results.map(showGathered).join(" ")}`);
    }
    case "waitt": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      const { done } = await wait(tasks, { ...limit(s.t), returnWhen: s.mode });
      return void world.log(name, `wait ${tasks.map((t) => done.has(t) ? "D" : "P").join(" ")}`);
    }
    case "waitfort": {
      const [task] = world.others(s.n);
      if (task === undefined) return undefined;
      return void world.log(name, `waited ${showValue(await waitFor(task, s.t))}`);
    }
    case "shieldt": {
      const [task] = world.others(s.n);
      if (task === undefined) return undefined;
      return void world.log(name, `shielded ${showValue(await shield(task))}`);
    }
    case "ascompletedt": {
      const tasks = world.others(...s.names);
      if (tasks.length === 0) return undefined;
      for await (const done of asCompleted(tasks, limit(s.t))) {
        world.log(name, `completed ${showOutcome(done as unknown as Future<Value>)}`);
      }
      return undefined;
    }
    case "sem": {
      using _ = await world.semaphores[s.s].acquire();
      world.log(name, "sem");
      return await body(s.body);
    }
    case "lock": {
      using _ = await world.locks[s.s].acquire();
      world.log(name, "lock");
      return await body(s.body);
    }
  }
}
