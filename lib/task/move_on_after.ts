import { limited, type TimeoutBody, type TimeoutOptions } from "./timeout.ts";

/**
 * Run `body` under a time limit that is no error: when the time is over, the body is stopped and the
 * call resolves with `undefined`.
 *
 * All that `timeout` says of limits holds here, too. Every error but the limit's own passes through,
 * also a `TimeoutError` of the body.
 *
 * CPython: none; trio and anyio: `move_on_after`.
 *
 * @typeParam T What the body resolves with.
 * @param ms How long, in milliseconds; `null` or `Infinity` for no limit, 0 or less to stop at the
 *   first wait.
 * @param body Runs in the current task; it gets the `Timeout`, to look at and to reschedule.
 * @param options `signal`: to cancel the body from outside; `abandon`: resolve on time in any case.
 * @returns What the body resolves with, or `undefined` if the time was over first.
 * @throws {TypeError} (as a rejection) If `ms` is neither a number nor `null`, `body` is not a
 *   function, or an option is unknown or of the wrong type.
 * @throws {RangeError} (as a rejection) If `ms` is `NaN`.
 *
 * @example
 * ```ts
 * import { moveOnAfter, sleep } from "@strand/strand";
 * import { assertEquals } from "@std/assert";
 *
 * const url = "data:text/plain,hello";
 * const response = await moveOnAfter(5_000, ({ signal }) => fetch(url, { signal }));
 * assertEquals(await response?.text(), "hello"); // `response` is undefined when it took longer
 * assertEquals(await moveOnAfter(1, () => sleep(60_000, "late")), undefined);
 * ```
 */
export function moveOnAfter<T>(
  ms: number | null,
  body: TimeoutBody<T>,
  options?: TimeoutOptions,
): Promise<T | undefined> {
  return limited<T | undefined>({
    name: "ms",
    value: ms,
    body,
    options,
    left: () => ms,
    moveOn: true,
  });
}
