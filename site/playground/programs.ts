/** The programs of the playground, by their names. */
export const programs: Readonly<Record<string, () => Promise<{ default(): Promise<void> }>>> = {
  group: () => import("./programs/group.ts"),
  timeout: () => import("./programs/timeout.ts"),
  queue: () => import("./programs/queue.ts"),
  semaphore: () => import("./programs/semaphore.ts"),
  race: () => import("./programs/race.ts"),
  gather: () => import("./programs/gather.ts"),
};
