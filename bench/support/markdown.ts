/** A table of Markdown; columns whose head ends in a colon are set to the right. */
export function table(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(escape).join(" | ")} |`;
  return [
    line(heads.map((head) => head.replace(/:$/, ""))),
    `| ${heads.map((head) => head.endsWith(":") ? "---:" : "---").join(" | ")} |`,
    ...rows.map(line),
  ].join("\n");
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|");
}
