import { showDuration } from "../base/inspect.ts";
import type { TaskInfo, WaitInfo } from "./instrument.ts";

const STATES: Record<TaskInfo["state"], string> = {
  ready: "ready",
  running: "running",
  waiting: "waiting",
  native: "in a promise that is not the library's (native)",
  cancelling: "asked to stop",
  done: "done",
};

/** What something does, and for how long: `waiting 3.1 s for Lock held by "first"`. */
export function showState(
  { state, since, waitsFor }: Pick<TaskInfo, "state" | "since" | "waitsFor">,
): string {
  const words = [STATES[state], showDuration(since)];
  // A task runs for as long as it takes to say so; a call in its worker may do so for ever.
  if (state === "done" || (state === "running" && waitsFor === undefined)) words.pop();
  if (waitsFor !== undefined && (state === "waiting" || state === "cancelling")) {
    words.push(state === "waiting" ? "for" : "and waiting for", showWait(waitsFor));
  } else if (waitsFor?.kind === "worker") words.push(`in ${waitsFor.name}`);
  return words.join(" ");
}

/** What something waits for: `Lock held by "first"`. */
export function showWait({ kind, name, heldBy }: WaitInfo): string {
  const named = name === undefined ? kind : `${kind} ${JSON.stringify(name)}`;
  return heldBy === undefined || heldBy === name
    ? named
    : `${named} held by ${JSON.stringify(heldBy)}`;
}
