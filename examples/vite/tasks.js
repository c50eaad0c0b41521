import { remote } from "@strand/strand";

/** A bundler puts modules together, so that there is no address to find them by: a name does. */
export const { isPrime } = remote({ url: "app:tasks" }, {
  isPrime(n) {
    for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
    return n > 1;
  },
});
