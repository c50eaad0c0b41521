/**
 * Counts the words of all text files of a folder, a file per call, with a progress bar.
 *
 * Python: `for counts in pool.imap_unordered(count_words, paths): total += counts`, with `tqdm`.
 *
 * Run it: `deno run --allow-read examples/19_word_count.ts [folder]`
 *
 * @module
 */
import { remote, run, WorkerPool } from "@strand/strand";
import { readOptions, wholeNumber } from "./support/options.ts";
import { ProgressBar } from "./support/progress_bar.ts";
import { Table } from "./support/table.ts";

const TEXT = /\.(?:md|txt|ts|js|py)$/;
const SKIPPED = new Set(["node_modules", ".git"]);

/** The words of one file and how often each occurs. Runs on a worker, which reads the file. */
export const countWords = remote(
  import.meta,
  async function countWords(path: string): Promise<Map<string, number>> {
    const text = await Deno.readTextFile(path);
    const counts = new Map<string, number>();
    for (const [word] of text.toLowerCase().matchAll(/\p{L}{2,}/gu)) {
      counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return counts;
  },
);

/** The text files of a folder and of those in it. */
async function* textFiles(folder: string): AsyncGenerator<string> {
  for await (const { name, isFile, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory && !SKIPPED.has(name)) yield* textFiles(path);
    else if (isFile && TEXT.test(name)) yield path;
  }
}

/** The text files of a folder; ends the program with one line if it cannot be read. */
async function list(folder: string): Promise<string[]> {
  try {
    return await Array.fromAsync(textFiles(folder));
  } catch (error) {
    const unreadable = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory || error instanceof Deno.errors.NotCapable ||
      error instanceof Deno.errors.PermissionDenied;
    if (!unreadable) throw error;
    console.error(`Cannot read the folder "${folder}": ${error.message}`);
    Deno.exit(2);
  }
}

async function main(): Promise<void> {
  const { top, workers, rest } = readOptions({
    command: "deno run --allow-read examples/19_word_count.ts",
    about: "Counts the words of the text files of a folder, the current one by default.",
    rest: "[folder]",
    options: {
      top: wholeNumber({ help: "how many words to show", fallback: 10, min: 1, max: 1_000 }),
      workers: wholeNumber({
        help: "how many workers",
        fallback: navigator.hardwareConcurrency,
        min: 1,
        max: 1_024,
      }),
    },
  });
  if (rest.length > 1) {
    console.error(`Unexpected argument "${rest[1]}" (--help shows all options)`);
    Deno.exit(2);
  }
  const files = await list(rest[0] ?? ".");

  const total = new Map<string, number>();
  let words = 0;
  {
    using bar = new ProgressBar("files", files.length);
    await using pool = new WorkerPool(workers);
    const onProgress = (done: number) => bar.update(done);
    for await (const counts of pool.mapUnordered(countWords, files, { onProgress })) {
      for (const [word, count] of counts) {
        total.set(word, (total.get(word) ?? 0) + count);
        words += count;
      }
    }
  }

  console.log(`${files.length} files, ${words} words, ${total.size} different ones\n`);
  const most = [...total]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, top);
  const table = new Table({ word: Math.max(...most.map(([word]) => word.length), 0), count: 8 });
  console.log(table.head);
  for (const [word, count] of most) console.log(table.row(word, String(count)));
}

if (import.meta.main) await run(main);
