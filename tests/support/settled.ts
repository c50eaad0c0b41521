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
