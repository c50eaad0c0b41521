import { assert, assertEquals, assertThrows } from "@std/assert";
import { Heap } from "../../lib/base/heap.ts";

const ascending = (a: number, b: number) => a - b;

/** A source of numbers that look random and are the same each time. */
function numbers(seed: number): () => number {
  return () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

function drain<T>(heap: Heap<T>): T[] {
  const items: T[] = [];
  while (heap.size > 0) items.push(heap.pop()!);
  return items;
}

Deno.test("Heap: is empty at first", () => {
  const heap = new Heap(ascending);
  assertEquals([heap.size, heap.peek(), heap.pop(), ...heap], [0, undefined, undefined]);
});

Deno.test("Heap: gives the lowest first", () => {
  const heap = new Heap(ascending);
  for (const n of [3, 1, 2, 5, 4]) heap.push(n);
  assertEquals([heap.size, heap.peek()], [5, 1]);
  assertEquals([...heap].sort(ascending), [1, 2, 3, 4, 5]);
  assertEquals(drain(heap), [1, 2, 3, 4, 5]);
});

Deno.test("Heap: takes the order that it is given", () => {
  const heap = new Heap<number>((a, b) => b - a);
  for (const n of [3, 1, 2]) heap.push(n);
  assertEquals(drain(heap), [3, 2, 1]);
});

Deno.test("Heap: among equals, the first in is the first out", () => {
  const next = numbers(7);
  const heap = new Heap<[number, number]>((a, b) => a[0] - b[0]);
  const given: [number, number][] = [];
  const wanted: [number, number][] = [];
  const got: [number, number][] = [];
  for (let i = 0; i < 20_000; i++) {
    if (heap.size > 0 && next() < 0.4) {
      const lowest = Math.min(...given.map(([n]) => n));
      const at = given.findIndex(([n]) => n === lowest);
      wanted.push(...given.splice(at, 1));
      got.push(heap.pop()!);
    } else if (given.length < 200) {
      const item: [number, number] = [Math.floor(next() * 5), i];
      given.push(item);
      heap.push(item);
    }
  }
  assert(got.length > 1_000);
  assertEquals(got, wanted);
  assertEquals(drain(heap), given.sort((a, b) => a[0] - b[0]));
});

Deno.test("Heap: does what a sorted array does", () => {
  const next = numbers(3);
  const heap = new Heap(ascending);
  const all: number[] = [];
  for (let i = 0; i < 100_000; i++) {
    const n = next();
    all.push(n);
    heap.push(n);
  }
  assertEquals(drain(heap), all.sort(ascending));
});

Deno.test("Heap: a comparison that throws leaves it as it was, in push and in pop", () => {
  const change = {
    push: (heap: Heap<number>) => heap.push(0),
    pop: (heap: Heap<number>) => heap.pop(),
  };
  const after = {
    push: [0, 1, 2, 3, 3, 5, 7, 8, 9],
    pop: [2, 3, 3, 5, 7, 8, 9],
  };
  for (const verb of ["push", "pop"] as const) {
    let left = Infinity;
    const heap = new Heap<number>((a, b) => {
      if (left-- === 0) throw new Error("fuse");
      return a - b;
    });
    for (const n of [5, 3, 8, 1, 9, 2, 7, 3]) heap.push(n);
    const before = [...heap];
    // Throws in its first comparison, its second, and so on, until it has no more.
    let failures = 0;
    for (let changed = false; !changed;) {
      left = failures;
      try {
        change[verb](heap);
        changed = true;
      } catch {
        failures++;
        assertEquals([...heap], before);
      }
    }
    left = Infinity;
    assert(failures >= 3, `${verb} compared ${failures} times`);
    assertEquals(drain(heap), after[verb]);
  }
});

Deno.test("Heap: says what was wrong with the comparison", () => {
  const heap = new Heap<symbol>((a, b) => Number(a) - Number(b));
  heap.push(Symbol());
  assertThrows(() => heap.push(Symbol()), TypeError);
  assertEquals(heap.size, 1);
});

Deno.test("Heap: pushing and popping cost a few dozen comparisons among a hundred thousand", () => {
  let comparisons = 0;
  const heap = new Heap<number>((a, b) => {
    comparisons++;
    return a - b;
  });
  const next = numbers(5);
  for (let i = 0; i < 100_000; i++) heap.push(next());
  comparisons = 0;
  for (let i = 0; i < 1_000; i++) {
    heap.push(-next());
    heap.pop();
  }
  assert(comparisons < 1_000 * 3 * 17, `${comparisons} comparisons`);
});
