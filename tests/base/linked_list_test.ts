import { assertEquals } from "@std/assert";
import { LinkedEntry, LinkedList } from "../../lib/base/linked_list.ts";

class Entry extends LinkedEntry {
  readonly name: string | number;

  constructor(name: string | number) {
    super();
    this.name = name;
  }
}

/** Its names forwards, after looking whether they are the same backwards. */
function names(list: LinkedList<Entry>): (string | number)[] {
  const forwards = [...list];
  const backwards: Entry[] = [];
  let entry: LinkedEntry | undefined = forwards.at(-1);
  for (; entry !== undefined; entry = entry.previous) backwards.unshift(entry as Entry);
  assertEquals(backwards.map((one) => one.name), forwards.map((one) => one.name));
  assertEquals([list.size, list.first], [forwards.length, forwards[0]]);
  return forwards.map((one) => one.name);
}

function listOf(...entries: Entry[]): LinkedList<Entry> {
  const list = new LinkedList<Entry>();
  for (const entry of entries) list.append(entry);
  return list;
}

const entries = (count: number) => Array.from({ length: count }, (_, i) => new Entry(i));

Deno.test("LinkedList: is empty at first", () => {
  const list = new LinkedList<Entry>();
  assertEquals([list.size, list.first, list.shift(), ...list], [0, undefined, undefined]);
  assertEquals(list.remove(new Entry("stranger")), false);
});

Deno.test("LinkedList: adds at the back and at the front", () => {
  const list = listOf(new Entry("b"), new Entry("c"));
  list.prepend(new Entry("a"));
  assertEquals(names(list), ["a", "b", "c"]);
  const lone = new LinkedList<Entry>();
  lone.prepend(new Entry("x"));
  lone.append(new Entry("y"));
  assertEquals(names(lone), ["x", "y"]);
});

Deno.test("LinkedList: adds behind any entry, and in front without one", () => {
  const [a, b] = entries(2) as [Entry, Entry];
  const list = listOf(a, b);
  list.insertAfter(a, new Entry("after the first"));
  list.insertAfter(b, new Entry("at the end"));
  list.insertAfter(undefined, new Entry("in front"));
  assertEquals(names(list), ["in front", 0, "after the first", 1, "at the end"]);
  list.append(new Entry("last"));
  assertEquals(names(list).at(-1), "last");
});

Deno.test("LinkedList: the first, one in the middle and the last can be taken out", () => {
  for (const place of [0, 1, 2]) {
    const all = entries(3);
    const list = listOf(...all);
    assertEquals(list.remove(all[place]!), true);
    assertEquals(names(list), [0, 1, 2].filter((n) => n !== place));
    assertEquals(list.remove(all[place]!), false);
    list.append(all[place]!);
    assertEquals(names(list).at(-1), place);
  }
  const lone = new Entry("lone");
  const list = listOf(lone);
  list.remove(lone);
  assertEquals(names(list), []);
});

Deno.test("LinkedList: gives the oldest first", () => {
  const list = listOf(...entries(3));
  assertEquals([list.shift()!.name, list.shift()!.name, list.shift()!.name, list.shift()], [
    0,
    1,
    2,
    undefined,
  ]);
});

Deno.test("LinkedList: an entry that stands in another list is left where it is", () => {
  const entry = new Entry("elsewhere");
  const here = listOf(...entries(1));
  const there = listOf(entry);
  assertEquals(here.remove(entry), false);
  assertEquals([names(here), names(there)], [[0], ["elsewhere"]]);
  there.remove(entry);
  here.append(entry);
  assertEquals([names(here), names(there)], [[0, "elsewhere"], []]);
});

Deno.test("LinkedList: an entry that was taken out holds on to nobody", () => {
  const all = entries(3);
  const list = listOf(...all);
  list.remove(all[1]!);
  const { list: held, next, previous } = all[1]!;
  assertEquals([held, next, previous], [undefined, undefined, undefined]);
});

Deno.test("LinkedList: a hundred thousand leave from the middle outwards", () => {
  const all = entries(100_000);
  const list = listOf(...all);
  const middle = all.length / 2;
  for (let i = 0; i < middle - 1; i++) {
    list.remove(all[middle + i]!);
    list.remove(all[middle - 1 - i]!);
  }
  assertEquals(names(list), [0, 99_999]);
});
