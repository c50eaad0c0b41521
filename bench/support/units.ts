/** A time that was taken in nanoseconds, with three digits at most. */
export function duration(ns: number): string {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]] as const) {
    if (ns >= size * 0.9995) return `${digits(ns / size)} ${unit}`;
  }
  return `${digits(ns)} ns`;
}

/** An amount of memory in MB. */
export function bytes(amount: number): string {
  return `${count(amount / 2 ** 20)} MB`;
}

/** A number with thousands set off. */
export function count(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 });
}

function digits(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
