const endings = new Set<() => Promise<void>>();

/** Have something ended together with the main task of `run`: what the whole program shares. */
export function atRunEnd(end: () => Promise<void>): void {
  endings.add(end);
}

/** End what is to be ended with `run`. */
export async function endShared(): Promise<void> {
  await Promise.all([...endings].map((end) => end()));
}
