import { assertEquals } from "@std/assert";
import { Deque } from "../../lib/base/deque.ts";

/** A source of numbers that look random and are the same each time. */
function numbers(seed: number): () => number {
  return () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

Deno.test("Deque: is empty at first", () => {
  const deque = new Deque<number>();
  assertEquals([deque.size, deque.shift(), deque.pop(), deque.peek()], [
    0,
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals([...deque], []);
  assertEquals(deque.size, 0);
});

Deno.test("Deque: adds and takes at both ends", () => {
  const deque = new Deque<string>();
  deque.push("b");
  deque.push("c");
  deque.unshift("a");
  assertEquals([...deque], ["a", "b", "c"]);
  assertEquals([deque.peek(), deque.shift(), deque.pop(), deque.size], ["a", "a", "c", 1]);
});

Deno.test("Deque: holds undefined as an item", () => {
  const deque = new Deque<undefined>();
  deque.push(undefined);
  deque.unshift(undefined);
  assertEquals([deque.size, ...deque], [2, undefined, undefined]);
  deque.shift();
  assertEquals(deque.size, 1);
});

Deno.test("Deque: cleared, it starts anew", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 100; i++) deque.push(i);
  deque.clear();
  assertEquals([deque.size, deque.peek(), ...deque], [0, undefined]);
  deque.unshift(1);
  assertEquals([...deque], [1]);
});

Deno.test("Deque: does what an array does, whatever is done to it", () => {
  const next = numbers(1);
  const deque = new Deque<number>();
  const array: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    // Grows for a while, then shrinks, so that it is enlarged, wrapped around and cut down.
    const grow = Math.floor(i / 5_000) % 2 === 0 ? 0.7 : 0.3;
    const add = next() < grow;
    const front = next() < 0.5;
    if (add && front) {
      deque.unshift(i);
      array.unshift(i);
    } else if (add) {
      deque.push(i);
      array.push(i);
    } else if (front) assertEquals(deque.shift(), array.shift());
    else assertEquals(deque.pop(), array.pop());
    if (deque.size !== array.length || deque.peek() !== array[0]) {
      assertEquals([deque.size, deque.peek()], [array.length, array[0]]);
    }
    if (i % 1_000 === 0) assertEquals([...deque], array);
  }
  assertEquals([...deque], array);
});

Deno.test("Deque: a million items come out as they went in", () => {
  const deque = new Deque<number>();
  for (let i = 0; i < 1_000_000; i++) deque.push(i);
  let wrong = 0;
  for (let i = 0; i < 1_000_000; i++) if (deque.shift() !== i) wrong++;
  assertEquals([wrong, deque.size], [0, 0]);
});
