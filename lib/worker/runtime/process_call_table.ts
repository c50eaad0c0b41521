import { CallTable, type Claim } from "../call_table.ts";

/** The call table of a process: requests to stop reach it through the second thread. */
export class ProcessCallTable extends CallTable {
  /** The last call that was asked to stop, plus 1; 0 if there was none. Then how many were handed on. */
  readonly asked: Int32Array = new Int32Array(new SharedArrayBuffer(8));

  override claim(call: number): Claim {
    // Asked to stop before it was begun: it is not begun.
    this.stopped(call);
    return super.claim(call);
  }

  override stopped(call: number): boolean {
    if (Atomics.load(this.asked, 0) === call + 1) this.stop(call);
    return super.stopped(call);
  }
}
