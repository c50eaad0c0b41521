/** Where a progress bar is drawn: standard error, or a stand-in. */
export interface Screen {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

const CELLS = 30;
const REDRAW_MS = 100;
const ERASE = "\r\x1b[K";

/**
 * One line that shows how far the work is, redrawn at most ten times a second and erased at the end.
 * Where standard error is no terminal, it draws nothing.
 *
 * ```ts ignore
 * using bar = new ProgressBar("squares", 100);
 * bar.update(42);
 * ```
 */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #total: number;
  readonly #screen: Screen | undefined;
  readonly #encoder = new TextEncoder();
  #drawnAt = -Infinity;

  constructor(label: string, total: number, screen: Screen = Deno.stderr) {
    this.#label = label;
    this.#total = total;
    if (screen.isTerminal()) this.#screen = screen;
    this.update(0);
  }

  /** Says how much is done; may be called as often as one likes. */
  update(done: number): void {
    if (this.#screen === undefined) return;
    const now = performance.now();
    if (now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    const full = Math.round(CELLS * Math.min(1, done / this.#total));
    const bar = "#".repeat(full) + "-".repeat(CELLS - full);
    this.#write(`${ERASE}${this.#label} [${bar}] ${done}/${this.#total}`);
  }

  [Symbol.dispose](): void {
    if (this.#drawnAt > -Infinity) this.#write(ERASE);
    this.#drawnAt = -Infinity;
  }

  #write(text: string): void {
    this.#screen?.writeSync(this.#encoder.encode(text));
  }
}
