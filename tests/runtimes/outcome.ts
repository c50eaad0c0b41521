/** How a row of the matrix went. */
export interface Outcome {
  passed: number;
  /** What failed, and how. */
  failed: string[];
  /** What needs something that the runtime has not. */
  skipped: number;
}
