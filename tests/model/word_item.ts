import type { RingItem } from "../../lib/shared/protocol/queue_protocol.ts";
import type { Words } from "../../lib/shared/protocol/words.ts";

/** An item of one word, in a ring that begins at word `ring`. */
export class WordItem implements RingItem {
  readonly slots = 1;
  readonly #words: Words;
  readonly #ring: number;
  value: number;

  constructor(words: Words, ring: number, value = 0) {
    this.#words = words;
    this.#ring = ring;
    this.value = value;
  }

  write(at: number, size: number): void {
    this.#words.store(this.#ring + (at & (size - 1)), this.value);
  }

  read(at: number, size: number): number {
    this.value = this.#words.load(this.#ring + (at & (size - 1)));
    return 1;
  }

  grow(): void {
    throw new Error("It never has to");
  }
}
