/**
 * `value instanceof type`, for whatever user code may throw or hand over: a proxy that throws when
 * it is looked at is an instance of nothing.
 */
export function isInstance<T>(
  value: unknown,
  // deno-lint-ignore no-explicit-any
  type: abstract new (...args: any[]) => T,
): value is T {
  try {
    return value instanceof type;
  } catch {
    return false;
  }
}

/** What a `SuppressedError` holds, and the name of any other error; nothing of what refuses to be read. */
export function readError(value: unknown): Partial<SuppressedError> {
  try {
    const { name, error, suppressed } = Object(value) as Partial<SuppressedError>;
    return { name: String(name), error, suppressed };
  } catch {
    return {};
  }
}
