import { assertInstanceOf, assertThrows } from "@std/assert";
import {
  pipe,
  SharedArray,
  SharedBarrier,
  SharedCondition,
  SharedEvent,
  SharedLock,
  SharedQueue,
  SharedSemaphore,
  SharedValue,
} from "../../mod.ts";

/** Ends of pipes, to be closed at the end of a test. */
const opened: { close(): void }[] = [];

function closeAll(): void {
  for (const end of opened.splice(0)) end.close();
}

const OBJECTS = {
  SharedLock: () => new SharedLock(),
  SharedSemaphore: () => new SharedSemaphore(),
  SharedEvent: () => new SharedEvent(),
  SharedCondition: () => new SharedCondition(),
  SharedBarrier: () => new SharedBarrier(2),
  SharedQueue: () => new SharedQueue(),
  SharedValue: () => new SharedValue("int32"),
  SharedArray: () => new SharedArray("int32", 2),
  Connection: () => {
    const ends = pipe();
    opened.push(...ends);
    return ends[0];
  },
};

const PLACES: Record<string, (object: unknown) => unknown> = {
  itself: (object) => object,
  "in a field": (object) => ({ object }),
  "in a map of maps": (object) => new Map([[1, new Map([[object, 2]])]]),
  "in a set in a list": (object) => ({ list: [new Set([object])] }),
};

for (const [name, make] of Object.entries(OBJECTS)) {
  for (const [place, put] of Object.entries(PLACES)) {
    Deno.test(`${name}: the platform alone refuses to carry it, ${place}`, () => {
      const value = put(make());
      assertThrows(() => structuredClone(value), DOMException);
      const { port1, port2 } = new MessageChannel();
      try {
        assertThrows(() => port1.postMessage(value), DOMException);
      } finally {
        port1.close();
        port2.close();
        closeAll();
      }
    });
  }

  Deno.test(`${name}: it is an object of its class`, () => {
    const object = make();
    assertInstanceOf(object, object.constructor as typeof SharedLock);
    closeAll();
  });
}
