/**
 * Where a program of the playground runs: a worker of its own, which tells the page what happens.
 *
 * @module
 */
import "./async_context.ts"; // before the library looks for one
import { programs } from "./programs.ts";
import { record } from "./record.ts";

/** What the stage tells the page. */
interface Stage {
  readonly name: string;
  postMessage(message: unknown): void;
}

const stage = globalThis as unknown as Stage;

console.log = (...words: unknown[]) => stage.postMessage({ line: words.join(" ") });

async function perform(): Promise<void> {
  const { default: main } = await programs[stage.name]!();
  const error = await record(main, (event) => stage.postMessage({ event }));
  stage.postMessage({ ended: true, error: describe(error) });
}

/** A failure in one line for each that it consists of. */
function describe(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  const { name, message, errors } = error as AggregateError;
  const inner = (errors ?? []).map((one) => `\n  ${describe(one)}`).join("");
  return `${name}: ${message}${inner}`;
}

void perform();
