import { assertEquals } from "@std/assert";
import { type Slotted, WaitQueue } from "../../lib/base/slot_queue.ts";

class Entry implements Slotted {
  slot = -1;
  readonly name: string | number;

  constructor(name: string | number) {
    this.name = name;
  }
}

const entries = (count: number) => Array.from({ length: count }, (_, i) => new Entry(i));

function lineOf(...entries: Entry[]): WaitQueue<Entry> {
  const line = new WaitQueue<Entry>();
  for (const entry of entries) line.append(entry);
  return line;
}

function names(line: WaitQueue<Entry>): (string | number)[] {
  const all = [...line];
  assertEquals([line.size, line.first], [all.length, all[0]]);
  return all.map((one) => one.name);
}

Deno.test("WaitQueue: is empty at first", () => {
  const line = new WaitQueue<Entry>();
  assertEquals([line.size, line.first, line.shift(), ...line], [0, undefined, undefined]);
  assertEquals(line.remove(new Entry("stranger")), false);
});

Deno.test("WaitQueue: the first, one in the middle and the last can leave", () => {
  for (const place of [0, 1, 2]) {
    const all = entries(3);
    const line = lineOf(...all);
    assertEquals(line.remove(all[place]!), true);
    assertEquals(names(line), [0, 1, 2].filter((n) => n !== place));
    assertEquals(line.remove(all[place]!), false);
    line.append(all[place]!);
    assertEquals(names(line).at(-1), place);
  }
  const lone = new Entry("lone");
  const line = lineOf(lone);
  line.remove(lone);
  assertEquals(names(line), []);
});

Deno.test("WaitQueue: an entry that stands in another line is left where it is", () => {
  const entry = new Entry("elsewhere");
  const here = lineOf(...entries(1));
  const there = lineOf(entry);
  assertEquals(here.remove(entry), false);
  assertEquals([names(here), names(there)], [[0], ["elsewhere"]]);
  there.remove(entry);
  here.append(entry);
  assertEquals([names(here), names(there)], [[0, "elsewhere"], []]);
});

Deno.test("WaitQueue: whatever comes and goes, those who stay keep their order", () => {
  for (const [coming, most] of [[0.5, Infinity], [0.55, Infinity], [0.9, 5_000], [0.5, 40]]) {
    let seed = 1;
    const random = () => (seed = seed * 16_807 % 2_147_483_647) / 2_147_483_647;
    const line = new WaitQueue<Entry>();
    const model: Entry[] = [];
    for (let step = 0; step < 20_000; step++) {
      if (model.length < most! && random() < coming!) {
        const entry = new Entry(step);
        line.append(entry);
        model.push(entry);
      } else if (random() < 0.3) {
        assertEquals(line.shift(), model.shift());
      } else if (model.length > 0) {
        const [entry] = model.splice(Math.floor(random() * model.length), 1);
        assertEquals(line.remove(entry!), true);
      }
      assertEquals([line.size, line.first], [model.length, model[0]]);
    }
    assertEquals(names(line), model.map((one) => one.name));
    while (model.length > 0) assertEquals(line.shift(), model.shift());
    assertEquals(names(line), []);
  }
});

Deno.test("WaitQueue: gaps behind one who stays do not make it grow", () => {
  const stays = new Entry("stays");
  const line = lineOf(stays);
  let last = new Entry(0);
  line.append(last);
  for (let i = 1; i < 100_000; i++) {
    const next = new Entry(i);
    line.append(next);
    line.remove(last);
    last = next;
    // A place counts from the oldest slot: there are never many more of those than entries.
    assertEquals(next.slot < 16, true);
  }
  assertEquals(names(line), ["stays", 99_999]);
});
