import { remote } from "@strand/strand";

/** Runs in the workers, which import this module and find it there by its name. */
export const { isPrime } = remote(import.meta, {
  isPrime(n) {
    for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
    return n > 1;
  },
});
