/**
 * A table that is printed line by line: the first column to the left, the others to the right.
 *
 * ```ts ignore
 * const table = new Table({ way: 20, seconds: 8 });
 * console.log(table.head);
 * console.log(table.row("one thread", "5.210"));
 * ```
 */
export class Table {
  /** The names of the columns and a line beneath. */
  readonly head: string;
  readonly #widths: number[];

  /** The columns: name and width; a column is never narrower than its name. */
  constructor(columns: Readonly<Record<string, number>>) {
    const names = Object.keys(columns);
    this.#widths = names.map((name) => Math.max(name.length, columns[name]!));
    const rule = this.#widths.map((width) => "-".repeat(width));
    this.head = `${this.row(...names)}\n${this.row(...rule)}`;
  }

  /** One row. */
  row(...cells: readonly string[]): string {
    const padded = this.#widths.map((width, column) => {
      const cell = cells[column] ?? "";
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return padded.join("   ").trimEnd();
  }
}
