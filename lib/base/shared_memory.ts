import { canShareMemory } from "./runtime.ts";

/**
 * Make memory that threads can share.
 *
 * @throws {TypeError} If there is no such memory here.
 */
export function allocateShared(
  size: number,
  options?: { maxByteLength: number },
): SharedArrayBuffer {
  if (canShareMemory()) return new SharedArrayBuffer(size, options);
  throw new TypeError(
    "Cannot share memory: there is no SharedArrayBuffer here; serve the page with the headers " +
      "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp",
  );
}

/** Whether a value is memory that threads share. */
export function isSharedMemory(value: unknown): value is SharedArrayBuffer {
  return canShareMemory() && value instanceof SharedArrayBuffer;
}
