/** Knows nothing of the library. */
export function double(n) {
  return 2 * n;
}
