import { assertEquals, assertThrows } from "@std/assert";
import * as strand from "../../mod.ts";
import { parcel } from "../../lib/wire/shareable.ts";

/** What users may do with each shared object, besides what the language asks of it. */
const MEMBERS = {
  SharedLock: "acquire acquireSync tryAcquire release locked",
  SharedSemaphore: "acquire acquireSync tryAcquire release locked value",
  SharedEvent: "set clear isSet wait waitSync",
  SharedCondition: "acquire acquireSync tryAcquire release locked wait waitSync " +
    "waitForPredicate waitForPredicateSync notify notifyAll",
  SharedBarrier: "wait waitSync reset resetSync abort abortSync parties nWaiting broken",
  SharedQueue: "put get putSync getSync putNowait getNowait taskDone join close qsize maxsize",
  SharedValue: "value add exchange compareExchange",
  SharedArray: "length get set",
};

/** By which objects iterate, show themselves, and cross to other threads. */
const SYMBOLS: symbol[] = [
  parcel,
  Symbol.iterator,
  Symbol.asyncIterator,
  Symbol.for("nodejs.util.inspect.custom"),
  Symbol.for("Deno.customInspect"),
];

for (const [name, members] of Object.entries(MEMBERS)) {
  Deno.test(`${name} has its public members and no others`, () => {
    const Class = strand[name as keyof typeof MEMBERS] as { prototype: object };
    const keys = Reflect.ownKeys(Class.prototype);
    const names = keys.filter((key) => typeof key === "string" && key !== "constructor");
    assertEquals(names.toSorted(), members.split(" ").toSorted());
    assertEquals(keys.filter((key) => typeof key === "symbol" && !SYMBOLS.includes(key)), []);
    const above = Object.getPrototypeOf(Class.prototype);
    assertEquals([Reflect.ownKeys(above), Object.getPrototypeOf(above)], [
      ["constructor"],
      Object.prototype,
    ]);
  });

  Deno.test(`${name} has no static members`, () => {
    const Class = strand[name as keyof typeof MEMBERS];
    const own = Reflect.ownKeys(Class).filter((key) => !["length", "name"].includes(String(key)));
    assertEquals(own, ["prototype"]);
  });
}

const CONSTRUCTIONS: Record<string, (options: object) => unknown> = {
  SharedLock: (options) => new strand.SharedLock(options),
  SharedSemaphore: (options) => new strand.SharedSemaphore(1, options),
  SharedEvent: (options) => new strand.SharedEvent(options),
  SharedCondition: (options) => new strand.SharedCondition(undefined, options),
  SharedBarrier: (options) => new strand.SharedBarrier(1, options),
  SharedQueue: (options) => new strand.SharedQueue(options),
  SharedValue: (options) => new strand.SharedValue("int32", 0, options),
  SharedArray: (options) => new strand.SharedArray("int32", 1, options),
};

for (const [name, make] of Object.entries(CONSTRUCTIONS)) {
  Deno.test(`${name} refuses an option that it does not have`, () => {
    make({ allowBlockingMain: true });
    assertThrows(
      () => make({ allowBlockingMian: true }),
      TypeError,
      'unknown option "allowBlockingMian"; known are',
    );
  });
}
