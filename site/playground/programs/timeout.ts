import { createTask, gather, moveOnAfter, sleep, timeout } from "@strand/strand";

/** The same limit on three pieces of work. */
export default async function main(): Promise<void> {
  const quick = createTask(() => timeout(1_000, () => sleep(600)), { name: "quick" });
  const slow = createTask(() => timeout(1_000, download), { name: "slow" });
  const modest = createTask(() => moveOnAfter(1_000, download), { name: "does without" });
  const outcomes = await gather([quick, slow, modest], { returnExceptions: true });
  console.log(outcomes.map((outcome) => `${outcome}`).join(", "));
}

async function download(): Promise<string> {
  try {
    return await sleep(60_000, "the file");
  } finally {
    await sleep(400); // closing the connection: the limit waits for that
  }
}
