import { FakeTime } from "@std/testing/time";
import { assertEquals } from "@std/assert";
import type { EngineQueue } from "@strand/strand/bullmq";
import { Outbox, type OutboxOwner, type Outgoing } from "../../lib/bullmq/outbox.ts";

class ReplyError extends Error {
  override name = "ReplyError";
}

class AbortError extends Error {
  override name = "AbortError";
}

/** A queue that takes what it is given, or says no as it is told to. */
class ScriptedQueue {
  readonly added: string[][] = [];
  readonly answers: (Error | undefined)[] = [];

  add(name: string, data: unknown, opts: { jobId: string }): Promise<unknown> {
    return this.addBulk([{ name, data, opts }]);
  }

  addBulk(jobs: { name: string; data: unknown; opts: { jobId: string } }[]): Promise<unknown> {
    this.added.push(jobs.map(({ opts }) => opts.jobId));
    const answer = this.answers.shift();
    return answer === undefined ? Promise.resolve() : Promise.reject(answer);
  }
}

/** Notes down what it is told of its jobs. */
class Owner implements OutboxOwner {
  readonly notes: string[] = [];
  readonly unwanted: Set<string> = new Set();

  isWanted({ id }: Outgoing): boolean {
    return !this.unwanted.has(id);
  }

  onSending({ id }: Outgoing): void {
    this.notes.push(`sending ${id}`);
  }

  onAdded({ id }: Outgoing): void {
    this.notes.push(`added ${id}`);
  }

  onRefused({ id }: Outgoing, error: unknown): void {
    this.notes.push(`refused ${id}: ${error}`);
  }
}

/** Let all promises have their turns. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await undefined;
}

function open() {
  const queue = new ScriptedQueue();
  const owner = new Owner();
  const outbox = new Outbox(queue as unknown as EngineQueue, owner);
  const add = (...ids: string[]) => {
    for (const id of ids) outbox.add({ id, name: "tasks/square", data: [], opts: {} });
  };
  return { queue, owner, outbox, add };
}

Deno.test("What is given in one step is added with one message", async () => {
  const { queue, owner, add } = open();
  add("a", "b");
  await settled();
  add("c");
  await settled();
  assertEquals(queue.added, [["a", "b"], ["c"]]);
  assertEquals(owner.notes, [
    ...["sending a", "sending b", "added a", "added b"],
    ...["sending c", "added c"],
  ]);
});

Deno.test("No more than 200 are added with one message", async () => {
  const { queue, add } = open();
  add(...Array.from({ length: 450 }, (_, n) => `${n}`));
  await settled();
  assertEquals(queue.added.map(({ length }) => length), [200, 200, 50]);
});

const PASSING = [
  new AbortError("Command aborted due to connection close"),
  new Error("Connection is closed."),
  Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }),
  new ReplyError("LOADING Redis is loading the dataset in memory"),
  new ReplyError("READONLY You can't write against a read only replica."),
];

Deno.test("Where the connection broke, the same jobs are added again until they are there", async () => {
  using time = new FakeTime();
  const { queue, owner, add } = open();
  queue.answers.push(...PASSING);
  add("a", "b");
  for (const _ of PASSING) {
    await settled();
    assertEquals(owner.notes.some((note) => /added|refused/.test(note)), false);
    time.tick(200);
  }
  await settled();
  assertEquals(queue.added, Array.from({ length: PASSING.length + 1 }, () => ["a", "b"]));
  assertEquals(owner.notes.slice(-2), ["added a", "added b"]);
});

Deno.test("What was called off meanwhile is not added again", async () => {
  using time = new FakeTime();
  const { queue, owner, add } = open();
  queue.answers.push(new AbortError("aborted"), new AbortError("aborted"));
  add("a", "b");
  await settled();
  owner.unwanted.add("a");
  time.tick(200);
  await settled();
  owner.unwanted.add("b");
  time.tick(200);
  await settled();
  assertEquals(queue.added, [["a", "b"], ["b"]]);
});

Deno.test("What the engine or the Redis does not take is refused, and not tried again", async () => {
  using time = new FakeTime();
  for (
    const error of [
      new ReplyError("OOM command not allowed when used memory > 'maxmemory'."),
      new ReplyError("NOPERM this user has no permissions to access one of the keys"),
      new TypeError("Cannot convert a BigInt value"),
    ]
  ) {
    const { queue, owner, add } = open();
    queue.answers.push(error);
    add("a");
    await settled();
    time.tick(1_000);
    await settled();
    assertEquals(queue.added, [["a"]]);
    assertEquals(owner.notes, ["sending a", `refused a: ${error}`]);
  }
});

Deno.test("An outbox that is closed tries nothing again, and leaves no timer", async () => {
  const { queue, outbox, add } = open();
  queue.answers.push(new AbortError("aborted"));
  add("a");
  await settled();
  outbox.close();
  await settled();
  assertEquals(queue.added, [["a"]]);
});
