/**
 * What runs on other machines.
 *
 * @module
 */
import { remote } from "@strand/strand";

export const countPrimes = remote(import.meta, function countPrimes(from: number): number {
  let count = 0;
  for (let n = from; n < from + 1_000; n++) if (isPrime(n)) count++;
  return count;
});

function isPrime(n: number): boolean {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return n >= 2;
}
