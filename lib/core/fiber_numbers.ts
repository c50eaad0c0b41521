/**
 * Fibers by number.
 *
 * The context carries the number of a fiber and not the fiber: an object there takes the garbage
 * collector three times as long as all the rest of a short task. From a number alone it can be told
 * under which run the fiber was created, also when that has long ended.
 */
import type { Fiber } from "./fiber.ts";

/** How many fibers are kept together. */
const PAGE = 64;

/** How many runs side by side can be told apart by the numbers of fibers that have ended. */
const RUNS = 32;

/** Fibers of one run with neighbouring numbers; the page goes when the last of them has ended. */
class Page {
  readonly number: number;
  readonly fibers: (Fiber | undefined)[] = new Array(PAGE);
  given = 0;
  live = 0;

  constructor(number: number) {
    this.number = number;
  }
}

const pages: Map<number, Page> = new Map();
const inUse: boolean[] = new Array(RUNS).fill(false);
/** The row of the next page, whichever run it is for; number 0 is no fiber. */
let row = 1;

/** The numbers that the fibers of one run get: every page whose number is its own modulo `RUNS`. */
export class FiberNumbers {
  readonly #run: number;
  /** Pages of an earlier run that had the same remainder stand in rows before this. */
  readonly #since: number = row;
  #page: Page;

  constructor() {
    // Where there are more, they share the last: what ended fibers of theirs left is of no run.
    const free = inUse.indexOf(false);
    this.#run = free === -1 ? RUNS - 1 : free;
    inUse[this.#run] = true;
    this.#page = this.#newPage();
  }

  /** Give the fiber a number. */
  give(fiber: Fiber): number {
    if (this.#page.given === PAGE) {
      if (this.#page.live === 0) pages.delete(this.#page.number);
      this.#page = this.#newPage();
    }
    const page = this.#page;
    page.fibers[page.given] = fiber;
    page.live++;
    return fiber.id = page.number * PAGE + page.given++;
  }

  /** Whether a fiber was given its number here. */
  gave(id: number): boolean {
    const page = Math.trunc(id / PAGE);
    return this.#run < RUNS - 1 && page % RUNS === this.#run &&
      Math.trunc(page / RUNS) >= this.#since;
  }

  /** No more are needed. */
  end(): void {
    if (this.#run < RUNS - 1) inUse[this.#run] = false;
    if (this.#page.live === 0) pages.delete(this.#page.number);
    this.#page.given = PAGE;
  }

  #newPage(): Page {
    const page = new Page(row++ * RUNS + this.#run);
    pages.set(page.number, page);
    return page;
  }
}

/** The page that was looked up last: a task asks for its own again and again. */
let lastPage: Page | undefined;

/** The living fiber of a number. */
export function fiberOf(id: number): Fiber | undefined {
  const number = Math.trunc(id / PAGE);
  if (lastPage?.number !== number) {
    const page = pages.get(number);
    if (page === undefined) return undefined;
    lastPage = page;
  }
  return lastPage!.fibers[id % PAGE];
}

/** Forget a fiber that has ended: code it left behind belongs to no task any more. */
export function forget(fiber: Fiber): void {
  const { id } = fiber;
  if (id === 0) return;
  fiber.id = 0;
  const page = pages.get(Math.trunc(id / PAGE))!;
  page.fibers[id % PAGE] = undefined;
  page.live--;
  if (page.live === 0 && page.given === PAGE) pages.delete(page.number);
}
