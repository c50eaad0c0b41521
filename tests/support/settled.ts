import { setImmediate } from "node:timers";
import { Future, sleep } from "../../mod.ts";

/** Let everything happen that can happen without timers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await sleep(0);
}

/**
 * Give way to all whose turn has come, as `asyncio.sleep(0)` does: by turns, not by a turn of the
 * event loop.
 */
export async function giveWay(): Promise<void> {
  const future = new Future<void>();
  const done = new Future<void>();
  future.setResult();
  future.addDoneCallback(() => {
    if (!done.done()) done.setResult();
  });
  await done;
}

const underWay: Set<Promise<void>> = new Set();

/** Turns of the event loop, as a promise of somebody else. */
export function foreignTurns(turns: number): Promise<void> {
  const gone = hop(turns);
  underWay.add(gone);
  void gone.then(() => underWay.delete(gone));
  return gone;
}

async function hop(turns: number): Promise<void> {
  for (; turns > 0; turns--) await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Those turns are over, also where nobody waited for them: Deno 2.5 takes them for timers left behind. */
export async function foreignTurnsOver(): Promise<void> {
  while (underWay.size > 0) await Promise.all(underWay);
}
