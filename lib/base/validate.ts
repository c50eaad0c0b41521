/** How a value is shown in an error message: strings quoted, objects by the name of their class. */
export function show(value: unknown): string {
  try {
    return describe(value);
  } catch {
    return "an object that cannot be read";
  }
}

function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return value.name ? `function ${value.name}` : "a function";
  return typeof value === "object" && value !== null ? showObject(value) : String(value);
}

function showObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  const found = Object.getPrototypeOf(value)?.constructor?.name;
  // What generators inherit from has a constructor without a name.
  const name = found === "" ? Object.prototype.toString.call(value).slice(8, -1) : found;
  return name === undefined || name === "Object" ? "an object" : `an instance of ${name}`;
}

/** Refuse what is not a function. `what` completes "Cannot …". */
export function checkFunction(what: string, name: string, value: unknown): void {
  if (typeof value !== "function") {
    throw new TypeError(`Cannot ${what}: ${name} must be a function, received ${show(value)}`);
  }
}

/** Refuse what is not a whole number of at least `least`. `what` completes "Cannot …". */
export function checkInteger(what: string, name: string, value: unknown, least: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${what}: ${name} must be a number, received ${show(value)}`);
  }
  if (!Number.isInteger(value) || value < least) {
    const wanted = least === 0
      ? "a non-negative integer"
      : least === 1
      ? "a positive integer"
      : `an integer of at least ${least}`;
    throw new RangeError(`Cannot ${what}: ${name} must be ${wanted}, received ${value}`);
  }
}

/** Refuse what is no duration: a number of milliseconds that is not `NaN`. */
export function checkDuration(what: string, name: string, value: unknown): void {
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot ${what}: ${name} must be a number of milliseconds, received ${show(value)}`,
    );
  }
  if (Number.isNaN(value)) {
    throw new RangeError(`Cannot ${what}: ${name} must be a number of milliseconds, received NaN`);
  }
}

/** Refuse what is no span of time: a number of milliseconds, 0 or more. */
export function checkSpan(what: string, name: string, value: unknown): void {
  checkDuration(what, name, value);
  if (value as number < 0) {
    throw new RangeError(`Cannot ${what}: ${name} must not be negative, received ${value}`);
  }
}

/** Refuse what is no period: a number of milliseconds above 0, and no infinite one. */
export function checkPeriod(what: string, name: string, value: unknown): void {
  checkDuration(what, name, value);
  if (!(value as number > 0 && value as number < Infinity)) {
    throw new RangeError(
      `Cannot ${what}: ${name} must be a positive number of milliseconds, received ${value}`,
    );
  }
}

/**
 * Refuse an options argument that is not an object, and one with an option that there is not: a
 * misspelt one would be without effect, and nobody would know. `what` completes "Cannot …".
 */
export function checkOptions(
  what: string,
  value: unknown,
  known?: readonly string[],
  noun = "option",
): void {
  if (value === undefined) return;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`Cannot ${what}: ${noun}s must be an object, received ${show(value)}`);
  }
  if (known === undefined) return;
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new TypeError(`Cannot ${what}: ${unknown(noun, name, known)}`);
  }
}

function unknown(noun: string, name: string, known: readonly string[]): string {
  const there = known.length === 0 ? "there are none" : `known are ${known.join(", ")}`;
  const [closest] = known.map((one) => ({ one, edits: editsBetween(name, one) }))
    .filter(({ one, edits }) => edits <= Math.max(2, one.length / 3))
    .sort((a, b) => a.edits - b.edits);
  const hint = closest === undefined ? "" : `; did you mean ${JSON.stringify(closest.one)}`;
  return `unknown ${noun} ${JSON.stringify(name)}; ${there}${hint}`;
}

/** How many letters have to be added, dropped or changed to make one word of the other. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const above = row;
    row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1]!.toLowerCase() === b[j - 1]!.toLowerCase();
      const changed = above[j - 1]! + (same ? 0 : 1);
      row.push(Math.min(changed, above[j]! + 1, row[j - 1]! + 1));
    }
  }
  return row[b.length]!;
}

/** Refuse what is no bound for a queue: a whole number, or `Infinity`. `what` completes "Cannot …". */
export function checkMaxsize(what: string, maxsize: unknown): void {
  if (typeof maxsize !== "number") {
    throw new TypeError(`Cannot ${what}: maxsize must be a number, received ${show(maxsize)}`);
  }
  if (!Number.isInteger(maxsize) && maxsize !== Infinity) {
    throw new RangeError(
      `Cannot ${what}: maxsize must be an integer or Infinity, received ${maxsize}`,
    );
  }
}

/** Refuse what is no signal to be aborted by. `what` completes "Cannot …". */
export function checkSignal(what: string, signal: unknown): void {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(
      `Cannot ${what}: signal must be an AbortSignal, received ${show(signal)}`,
    );
  }
}

/** Refuse what is no name. `what` completes "Cannot …". */
export function checkName(what: string, name: unknown): void {
  if (name !== undefined && typeof name !== "string") {
    throw new TypeError(`Cannot ${what}: name must be a string, received ${show(name)}`);
  }
}
