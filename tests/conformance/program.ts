/** The little language of the recorded programs. */

/** The errors that a program raises by itself. */
export type ErrorName = "A" | "B";

/** What a `try` catches. */
export type Kind = "cancel" | "error" | "timeout" | "group" | "shutdown" | "any";

/** When `wait` returns. */
export type Mode = "ALL_COMPLETED" | "FIRST_COMPLETED" | "FIRST_EXCEPTION";

/** A statement; one that yields a value ends its body with it. */
export type Statement =
  | { op: "sleep"; t: number }
  | { op: "log"; id: string }
  | { op: "raise"; e: ErrorName }
  | { op: "ret"; v: number }
  | { op: "put" | "get" | "join"; q: 0 | 1 }
  | { op: "shutdown"; q: 0 | 1; now: boolean }
  | { op: "evset" | "evclear"; e: 0 | 1 }
  | { op: "evwait"; e: 0 | 1 }
  | { op: "cwait" }
  | { op: "notify"; all: boolean }
  | { op: "barrier" }
  | { op: "cancelself" | "uncancel" | "cancelling" }
  | { op: "resched"; t: number | null }
  | { op: "spawn"; child: Child }
  | { op: "cancel"; n: string }
  | { op: "await"; n: string }
  | {
    op: "try";
    body: Statement[];
    on: Kind;
    handler: Statement[];
    reraise: boolean;
    final: Statement[];
  }
  | { op: "tg"; children: Child[]; body: Statement[] }
  | { op: "gather"; children: Child[]; rex: boolean }
  | { op: "timeout"; t: number | null; body: Statement[] }
  | { op: "waitfor"; t: number; child: Child }
  | { op: "shield"; child: Child }
  | {
    op: "waitset";
    children: Child[];
    mode: Mode;
    t: number | null;
  }
  | { op: "ascompleted"; children: Child[]; t: number | null }
  // The same over tasks that exist already; names that are nobody's, and one's own, are left out.
  | { op: "gathert"; names: string[]; rex: boolean }
  | { op: "waitt"; names: string[]; mode: Mode; t: number | null }
  | { op: "waitfort"; n: string; t: number | null }
  | { op: "shieldt"; n: string }
  | { op: "ascompletedt"; names: string[]; t: number | null }
  | { op: "sem" | "lock"; s: 0 | 1; body: Statement[] };

/** A task of a program. */
export interface Child {
  name: string;
  /** How long it sleeps before it starts. */
  j?: number;
  body: Statement[];
}

/** A whole program. */
export interface Program {
  seed: number;
  helpers: Child[];
  main: Statement[];
  /** When something outside any task cancels `main`. */
  cancelMainAt: number | null;
}

/** What happened in a run. */
export interface Outcome {
  /** How `main` ended, or `pending`. */
  main: string;
  /** The lines of each task. */
  trace: Record<string, string[]>;
}
