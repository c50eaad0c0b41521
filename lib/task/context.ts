import { type AsyncContext, makeAsyncContext, type Surroundings } from "../base/async_context.ts";
import { Line, type Placed } from "../base/line.ts";
import type { Course } from "./course.ts";
import type { Scope } from "./scope.ts";
import type { Task } from "./task.ts";

/** How many courses are kept together. */
const PAGE = 64;

/** The number of the next course; 0 is none. */
let count = PAGE;

/** A task where it lives. */
export interface Inhabitant extends Placed {
  readonly task: Task<unknown>;
}

/** Where tasks live from their creation to their end: a run, or a group within it. */
export interface Home {
  /** The run that it belongs to. */
  readonly realm: Realm;
  /** Those who live here. */
  readonly tasks: Line<Inhabitant>;
  /** A task has ended, and this is a later turn: take it out. Without it, ended tasks just leave. */
  ended?(inhabitant: Inhabitant): void;
}

/** What `run` holds together: every task created under it, however deep. */
export class Realm implements Home {
  /** Whether its `run` has not settled yet. */
  open: boolean;
  /** The number of the first scope that can belong to it. */
  readonly since: number = count;
  readonly realm: Realm = this;
  readonly tasks: Line<Inhabitant> = new Line();
  /** The groups in which children live. */
  readonly groups: Set<Home> = new Set();

  constructor(open: boolean) {
    this.open = open;
  }

  /** Its tasks that have not ended, those of its groups included. */
  allTasks(): Task<unknown>[] {
    return [this, ...this.groups].flatMap((home) => [...home.tasks])
      .map(({ task }) => task).filter((task) => !task.done());
  }
}

/** The realm of code outside any `run`. */
const everywhere: Realm = new Realm(false);

/** Every realm in which tasks may live. */
export const realms: Set<Realm> = new Set([everywhere]);

/** The number of a course, or a scope within it. */
type Stored = number | Scope;

const context: AsyncContext<Stored> = makeAsyncContext();

/** The courses with neighbouring numbers; the page goes when the last of them has ended. */
class Page {
  readonly number: number;
  readonly courses: (Course | undefined)[] = new Array(PAGE);
  live = 0;

  constructor(number: number) {
    this.number = number;
  }
}

// The context carries a course's number and not its scope: an object there takes the garbage
// collector three times as long as all the rest of a short task.
const pages: Map<number, Page> = new Map();
let lastPage = new Page(0);

function enroll(course: Course): number {
  const id = count++;
  const at = id % PAGE;
  if (at === 0) {
    if (lastPage.live === 0) pages.delete(id / PAGE - 1);
    pages.set(id / PAGE, lastPage = new Page(id / PAGE));
  }
  lastPage.courses[at] = course;
  lastPage.live++;
  return course.id = id;
}

function pageOf(id: number): Page | undefined {
  const number = Math.trunc(id / PAGE);
  return number === lastPage.number ? lastPage : pages.get(number);
}

function find(id: number): Course | undefined {
  return pageOf(id)?.courses[id % PAGE];
}

/** Forget a course that has ended: code it left behind belongs to no task any more. */
export function forget(course: Course): void {
  const { id } = course;
  if (id === 0) return;
  course.id = 0;
  const page = pageOf(id)!;
  page.courses[id % PAGE] = undefined;
  page.live--;
  if (page.live === 0 && page !== lastPage) pages.delete(page.number);
}

/** The innermost scope that the running code belongs to; `undefined` outside any living task. */
export function currentScope(): Scope | undefined {
  const stored = context.get();
  let scope = typeof stored === "number" ? find(stored)?.scope : stored;
  // What the body of an ended timeout or group left behind belongs to the code around it.
  while (scope?.closed) scope = scope.parent;
  return scope === undefined || scope.course.ended ? undefined : scope.innermost;
}

/** The realm of the running code. */
export function currentRealm(): Realm {
  const id = context.get();
  if (id === undefined) return everywhere;
  if (typeof id !== "number") return id.realm.open ? id.realm : everywhere;
  const course = find(id);
  if (course !== undefined) return course.home.realm;
  // A callback that an ended task left behind: it belongs to the run that was open then.
  let realm = everywhere;
  for (const one of realms) if (one.open && one.since <= id) realm = one;
  return realm;
}

/** What users have put into `AsyncLocalStorage`s of their own for the running code. */
export function surroundings(): Surroundings {
  return context.surroundings();
}

/** Run `fn` so that it, and whatever it awaits, belongs to `scope`. */
export function runInScope<R>(
  scope: Scope | undefined,
  fn: () => R,
  around: Surroundings = surroundings(),
): R {
  if (scope !== undefined && scope.parent === undefined) {
    return runInCourse(scope.course, around, fn, undefined);
  }
  return context.run(scope, around, fn, undefined);
}

/** Run `fn` so that it, and whatever it awaits, belongs to `course`. */
export function runInCourse<A, R>(
  course: Course,
  around: Surroundings,
  fn: (argument: A) => R,
  argument: A,
): R {
  return context.run(course.id || enroll(course), around, fn, argument);
}
