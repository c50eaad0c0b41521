import { show } from "./validate.ts";

/**
 * What `next` of a foreign iterator gave, which is an object, as `for of` would insist.
 *
 *     { next: () => item } // never says that it is done, and would be read for ever
 */
export function checkIteratorResult<R>(result: R): R {
  if (Object(result) !== result) {
    throw new TypeError(`Cannot iterate: next must return an object, received ${show(result)}`);
  }
  return result;
}
