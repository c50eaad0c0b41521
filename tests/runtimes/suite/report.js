/** Tell the server of the page how it went. */
export async function report(run) {
  let outcome;
  try {
    outcome = await run();
  } catch (error) {
    outcome = { passed: 0, failed: [String(error?.stack ?? error)], skipped: 0 };
  }
  await fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
}
