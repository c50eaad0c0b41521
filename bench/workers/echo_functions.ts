/** What the benches call in other threads, as a module that knows nothing of any library. */

/** Give back what came. */
export function echo(value: number): number {
  return value;
}

/** The same, by a promise. */
export function echoAsync(value: number): Promise<number> {
  return Promise.resolve(value);
}

/** How many bytes came. */
export function size(bytes: Uint8Array): number {
  return bytes.byteLength;
}

export default echo;
