/**
 * A stream of bytes on an outlet that others write to as well: standard error, say.
 *
 * It goes out in pieces, each behind a mark of 8 random bytes and its length. What does not stand
 * behind a mark is somebody else's, and is given back as it came. A piece is no longer than what the
 * system writes in one go, so that nobody gets in between.
 */

const MARK = 8;
const PREFIX = MARK + 4;

/** How long a piece may be, with what stands in front: POSIX promises 512, Linux does 4,096. */
const PIECE = 4096;

/** Make a mark. Its first byte occurs in no text. */
export function makeMark(): Uint8Array<ArrayBuffer> {
  const mark = crypto.getRandomValues(new Uint8Array(MARK));
  mark[0] = 0xff;
  return mark;
}

/** Cuts a stream into pieces. */
export class MarkedWriter {
  readonly #write: (piece: Uint8Array<ArrayBuffer>) => void;
  readonly #piece = new Uint8Array(PIECE);
  readonly #view = new DataView(this.#piece.buffer);
  #filled = PREFIX;

  constructor(mark: Uint8Array, write: (piece: Uint8Array<ArrayBuffer>) => void) {
    this.#piece.set(mark);
    this.#write = write;
  }

  /** Add bytes; those that do not fill a piece wait for `flush`. */
  add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      const part = bytes.subarray(at, at + PIECE - this.#filled);
      this.#piece.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === PIECE) this.flush();
    }
  }

  /** Send what was added. */
  flush(): void {
    if (this.#filled === PREFIX) return;
    this.#view.setUint32(MARK, this.#filled - PREFIX, true);
    this.#write(this.#piece.subarray(0, this.#filled));
    this.#filled = PREFIX;
  }
}

/** Tells the stream from what others wrote. */
export class MarkedReader {
  readonly #mark: Uint8Array;
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #onForeign: (bytes: Uint8Array) => void;
  /** The beginning of what may be a mark, or of a length. */
  readonly #prefix = new Uint8Array(PREFIX);
  #known = 0;
  /** How many bytes of the piece are to come. */
  #left = 0;

  /** Both functions are called with bytes that are only lent. */
  constructor(
    mark: Uint8Array,
    onBytes: (bytes: Uint8Array) => void,
    onForeign: (bytes: Uint8Array) => void,
  ) {
    this.#mark = mark;
    this.#onBytes = onBytes;
    this.#onForeign = onForeign;
  }

  /** Take the next bytes. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.byteLength;) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left);
        this.#left -= part.byteLength;
        at += part.byteLength;
        this.#onBytes(part);
      } else at = this.#seek(bytes, at);
    }
  }

  /** There are no more: what looked like the beginning of a mark was none. */
  end(): void {
    if (this.#left === 0 && this.#known > 0) this.#onForeign(this.#prefix.subarray(0, this.#known));
    this.#known = 0;
  }

  /** Read on to the next piece. Returns where reading goes on. */
  #seek(bytes: Uint8Array, from: number): number {
    if (this.#known === 0) {
      const start = bytes.indexOf(this.#mark[0]!, from);
      const end = start < 0 ? bytes.byteLength : start;
      if (end > from) {
        this.#onForeign(bytes.subarray(from, end));
        return end;
      }
    }
    let at = from;
    while (at < bytes.byteLength && this.#known < PREFIX) {
      if (this.#known < MARK && bytes[at] !== this.#mark[this.#known]) {
        this.#release();
        if (this.#known === 0) return at;
        continue;
      }
      this.#prefix[this.#known++] = bytes[at++]!;
    }
    if (this.#known === PREFIX) {
      this.#left = new DataView(this.#prefix.buffer).getUint32(MARK, true);
      this.#known = 0;
    }
    return at;
  }

  /** What looked like the beginning of a mark is none, but another one may begin in it. */
  #release(): void {
    const known = this.#prefix.slice(0, this.#known);
    let start = 1;
    while (!known.subarray(start).every((byte, i) => byte === this.#mark[i])) start++;
    this.#onForeign(known.subarray(0, start));
    this.#prefix.set(known.subarray(start));
    this.#known = known.byteLength - start;
  }
}
