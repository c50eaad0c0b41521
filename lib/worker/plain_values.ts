/** How long a text may be, in UTF-16 units. */
const MOST_UNITS = 64;

// What a value is. A text of n units is of kind TEXT + n.
const NUMBER = 0;
const UNDEFINED = 1;
const NULL = 2;
const TRUE = 3;
const FALSE = 4;
const TEXT = 5;

/** Places in shared memory, each for one value that is plain: a number, a short text and the like. */
export class PlainValues {
  readonly #kinds: Int32Array;
  readonly #numbers: Float64Array;
  readonly #units: Uint16Array;

  /** `count` places in the memory from `offset` on, which is a multiple of 8. */
  constructor(memory: ArrayBufferLike, offset: number, count: number) {
    this.#numbers = new Float64Array(memory, offset, count);
    this.#kinds = new Int32Array(memory, offset + count * 8, count);
    this.#units = new Uint16Array(memory, offset + count * 12, count * MOST_UNITS);
  }

  /** How many bytes so many places take. */
  static bytes(count: number): number {
    return count * (12 + MOST_UNITS * 2);
  }

  /** Write a value down; `false` if it is not plain, or too long. */
  write(at: number, value: unknown): boolean {
    if (typeof value === "number") {
      this.#numbers[at] = value;
      this.#kinds[at] = NUMBER;
    } else if (typeof value === "string") return this.#writeText(at, value);
    else if (value === undefined) this.#kinds[at] = UNDEFINED;
    else if (value === null) this.#kinds[at] = NULL;
    else if (value === true) this.#kinds[at] = TRUE;
    else if (value === false) this.#kinds[at] = FALSE;
    else return false;
    return true;
  }

  /**
   * The value in a place.
   *
   * @throws {TypeError} If there is what `write` never writes.
   */
  read(at: number): unknown {
    const kind = this.#kinds[at]!;
    if (kind === NUMBER) return this.#numbers[at];
    if (kind === UNDEFINED) return undefined;
    if (kind === NULL) return null;
    if (kind === TRUE || kind === FALSE) return kind === TRUE;
    const length = kind - TEXT;
    if (length < 0 || length > MOST_UNITS) {
      throw new TypeError(`Cannot read a value of kind ${kind} in the call table`);
    }
    const units = this.#units;
    const start = at * MOST_UNITS;
    let text = "";
    for (let i = start; i < start + length; i++) text += String.fromCharCode(units[i]!);
    return text;
  }

  #writeText(at: number, text: string): boolean {
    const { length } = text;
    if (length > MOST_UNITS) return false;
    const units = this.#units;
    const start = at * MOST_UNITS;
    for (let i = 0; i < length; i++) units[start + i] = text.charCodeAt(i);
    this.#kinds[at] = TEXT + length;
    return true;
  }
}
