import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import {
  type Connection,
  pipe,
  ProcessPool,
  SharedLock,
  SharedQueue,
  WorkerPool,
} from "../../mod.ts";
import { pack, survey, unpack } from "../../lib/wire/packing.ts";
import { decodeValue, encodeValue } from "../../lib/worker/process/value_codec.ts";
import { describeValue, randomSource, randomValue } from "./random_values.ts";

/** A way to another thread or process. */
interface Way {
  name: string;
  sharesMemory: boolean;
  values: number;
  open(): (value: unknown) => unknown;
}

const packed = (value: unknown, clone: (value: unknown) => unknown): unknown => {
  if (survey([value]) >= 0) return clone(value);
  return unpack(clone(pack(value, [])) as ReturnType<typeof pack>);
};

const WAYS: Way[] = [
  {
    name: "a message",
    sharesMemory: true,
    values: 300,
    open: () => (value) => packed(value, structuredClone),
  },
  {
    name: "bytes for a process",
    sharesMemory: false,
    values: 300,
    open: () => (value) =>
      packed(value, (item) => {
        const { head, buffers } = encodeValue(item);
        return decodeValue(head, buffers.map(({ buffer }) => buffer));
      }),
  },
  {
    name: "a shared queue",
    sharesMemory: true,
    values: 200,
    open() {
      const queue = new SharedQueue<unknown>({ capacity: 2 ** 22 });
      return (value) => {
        queue.putNowait(value);
        return queue.getNowait();
      };
    },
  },
];

Deno.test("A value crosses the same way beside an error or a shared object, wherever that stands", () => {
  for (const { name, sharesMemory, values, open } of WAYS) {
    const send = open();
    for (let seed = 1; seed <= values; seed++) {
      const make = () => randomValue(randomSource(seed));
      const wanted = describeValue(make() === undefined ? undefined : structuredClone(make()));
      const place = `${name}, seed ${seed}`;
      assertEquals(describeValue(send(make())), wanted, `${place}, alone`);
      const [value, error] = send([make(), new RangeError("beside")]) as unknown[];
      assertEquals(describeValue(value), wanted, `${place}, before an error`);
      assertInstanceOf(error, RangeError);
      const map = send(new Map([[new TypeError("key"), { inner: make() }]])) as Map<
        Error,
        { inner: unknown }
      >;
      const [key, { inner }] = [...map][0]!;
      assertInstanceOf(key, TypeError);
      assertEquals(describeValue(inner), wanted, `${place}, under an error`);
      const within = send(Object.assign(new Error("around"), { field: make() })) as {
        field: unknown;
      };
      assertEquals(describeValue(within.field), wanted, `${place}, in an error`);
      if (!sharesMemory) continue;
      const named = Object.assign([make()], { lock: new SharedLock() });
      const arrived = send(named) as typeof named;
      assertInstanceOf(arrived.lock, SharedLock);
      assertEquals(describeValue(arrived[0]), wanted, `${place}, in an array with a lock`);
    }
  }
});

/** What is something else inside than its prototype says, or cannot be looked at. */
const DISGUISED: Record<string, () => object> = {
  "an error without a prototype": () => Object.setPrototypeOf(new Error("bare"), null),
  "an error made a plain object": () =>
    Object.setPrototypeOf(new RangeError("x"), Object.prototype),
  "a map without a prototype": () => Object.setPrototypeOf(new Map([[1, 2]]), null),
  "a set made a plain object": () => Object.setPrototypeOf(new Set([1]), Object.prototype),
  "an array without a prototype": () => Object.setPrototypeOf([1, , 3], null),
  "a date made a plain object": () => Object.setPrototypeOf(new Date(5), Object.prototype),
  "bytes without a prototype": () => Object.setPrototypeOf(new Uint8Array(3), null),
  "a buffer without a prototype": () => Object.setPrototypeOf(new ArrayBuffer(3), null),
  "a number made a plain object": () => Object.setPrototypeOf(Object(5), Object.prototype),
  "a plain object made a map": () => Object.setPrototypeOf({ a: 1 }, Map.prototype),
  "a plain object made an array": () => Object.setPrototypeOf({ 0: 1, length: 1 }, Array.prototype),
  "the arguments of a function": () =>
    (function (..._: unknown[]) {
      return arguments;
    })(1, {}),
  "a proxy": () => new Proxy({ a: 1 }, {}),
  "a proxy of an error": () => new Proxy(new Error("x"), {}),
  "a proxy that was revoked": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

Deno.test("What an object is decides what is inside it, also beside an error: or it is refused", () => {
  for (const { name, open } of WAYS) {
    const send = open();
    const outcome = (value: () => unknown): string => {
      try {
        return describeValue(value());
      } catch (error) {
        const { name } = error as Error;
        assert(error instanceof TypeError || name === "DataCloneError", `${error}`);
        return "refused";
      }
    };
    for (const [what, make] of Object.entries(DISGUISED)) {
      const alone = outcome(() => send(make()));
      const beside = outcome(() => (send([make(), new Error("beside")]) as unknown[])[0]);
      assertEquals(beside, alone, `${what} through ${name}`);
      // A queue reads through proxies. It and a process refuse what they cannot tell.
      if (name === "a shared queue" || (alone === "refused" && name !== "a message")) continue;
      assertEquals(alone, outcome(() => structuredClone(make())), `${what} through ${name}`);
    }
  }
});

Deno.test("The same holds between threads, processes and through pipes", async () => {
  await using web = new WorkerPool(1);
  await using node = new WorkerPool({ maxWorkers: 1, host: "node" });
  await using processes = new ProcessPool(1);
  const [here, there] = pipe<unknown>();
  const echo = web.submit(async (end: Connection<unknown>) => {
    for await (const value of end) await end.send(value);
  }, there);
  await using other = new WorkerPool(1);
  const same = (value: unknown) => value;
  const ways: [string, (value: unknown) => Promise<unknown>][] = [
    ["web", async (value) => await other.submit(same, value)],
    ["node", async (value) => await node.submit(same, value)],
    ["process", async (value) => await processes.submit(same, value)],
    ["pipe", async (value) => {
      await here.send(value);
      return await here.recv();
    }],
  ];
  for (const [name, send] of ways) {
    for (let seed = 5001; seed <= 5025; seed++) {
      const make = () => randomValue(randomSource(seed));
      const wanted = describeValue(structuredClone(make()));
      assertEquals(describeValue(await send(make())), wanted, `${name}, seed ${seed}, alone`);
      const [value, error] = await send([make(), new RangeError("beside")]) as unknown[];
      assertEquals(describeValue(value), wanted, `${name}, seed ${seed}, beside an error`);
      assertInstanceOf(error, RangeError);
    }
  }
  here.close();
  await echo;
});

Deno.test("Getters are read once", () => {
  for (const beside of [0, new Error("beside")]) {
    for (const { name, open } of WAYS) {
      const send = open();
      let reads = 0;
      const value = {
        get x() {
          return ++reads;
        },
      };
      const [arrived] = send([value, beside]) as [{ x: number }];
      assertEquals(reads, 1, name);
      assertEquals(arrived.x, 1);
    }
  }
});

Deno.test("67,000,000 holes take no time and no memory", () => {
  for (const { name, open } of WAYS) {
    const send = open();
    for (const beside of [0, new Error("beside")]) {
      const array: unknown[] = [];
      array[2 ** 26] = { last: 1 };
      const [arrived] = send([array, beside]) as [unknown[]];
      assertEquals(arrived.length, 2 ** 26 + 1, name);
      assertEquals(Object.keys(arrived), [String(2 ** 26)]);
      assertEquals(arrived[2 ** 26], { last: 1 });
    }
  }
});

Deno.test("A large array with fields of its own is looked through like a small one", () => {
  const items: unknown[] = Array.from({ length: 5000 }, (_, i) => i);
  assert(survey([items]) > 0);
  assert(survey([Object.assign([...items], { note: "plain" })]) > 0);
  assert(survey([Object.assign([...items], { error: new Error("within") })]) < 0);
});
