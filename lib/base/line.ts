import { Row } from "./row.ts";

/** What can stand in a {@linkcode Line}, and in one at a time. */
export interface Placed {
  /** For the line: where it stands. */
  place: number;
}

/** Those who wait for something, in order of arrival. */
export class Line<E extends Placed> extends Row<E> {
  protected override placeOf(entry: E): number {
    return entry.place;
  }

  protected override setPlace(entry: E, place: number): void {
    entry.place = place;
  }
}
