/** A program to run, and its arguments. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
}
