/** Whether two types are one and the same, not only assignable to each other. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Says that a value has just this type: `is<number>()(value, true)` does not compile otherwise. */
export const is = <T>() => <U>(_value: U, _same: Same<T, U>): void => {};
