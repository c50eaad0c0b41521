import { parcel, revive, type Shareable } from "../../lib/wire/shareable.ts";

/** The object itself, known to other threads from now on. */
export function shared<S extends Shareable>(object: S): S {
  object[parcel]();
  return object;
}

/** The same object, as it arrives elsewhere: on the same memory, but with waits of its own. */
export function arrived<S extends Shareable>(object: S): S {
  const { kind, data } = object[parcel]();
  return revive(kind, structuredClone(data)) as S;
}
