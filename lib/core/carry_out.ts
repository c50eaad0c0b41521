/** A request to stop that is being carried out. */
interface Request {
  readonly scope: object;
  readonly carryOut: () => void;
  begun: boolean;
}

let requests: Request[] | undefined;
const underWay: Set<object> = new Set();

/**
 * Carry out a request to stop a scope.
 *
 * One that reaches another task through a wait on it is carried out on a stack of its own: a chain
 * of 100,000 tasks that await one another must not grow the real one.
 */
export function carryOut(scope: object, request: () => void): void {
  const first = { scope, carryOut: request, begun: false };
  if (requests !== undefined) {
    requests.push(first);
    return;
  }
  requests = [first];
  try {
    for (let last = requests.at(-1); last !== undefined; last = requests.at(-1)) {
      if (last.begun || underWay.has(last.scope)) {
        if (last.begun) underWay.delete(last.scope);
        requests.pop();
        continue;
      }
      last.begun = true;
      underWay.add(last.scope);
      const size = requests.length;
      last.carryOut();
      // What came first goes first.
      for (let i = size, j = requests.length - 1; i < j; i++, j--) {
        [requests[i], requests[j]] = [requests[j]!, requests[i]!];
      }
    }
  } finally {
    requests = undefined;
    underWay.clear();
  }
}

/**
 * Whether the request to stop that is being carried out came from this scope: tasks that await one
 * another in a circle must not pass it round for ever.
 */
export function isUnderWay(scope: object): boolean {
  return underWay.has(scope);
}
