/** Refuse a generator, which is no result: it belongs to `stream`. */
export function refuseGenerator(value: object): void {
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  if (tag !== "Generator" && tag !== "AsyncGenerator") return;
  throw new TypeError("Cannot send the result: it is a generator; use stream for its values");
}
