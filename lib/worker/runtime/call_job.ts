import { FromWorkerKind } from "../protocol.ts";
import { type Callee, explain } from "./function_table.ts";
import { Job } from "./job.ts";

/** One call of a function. */
export class CallJob extends Job {
  protected body(callee: Callee, args: unknown[]): unknown {
    return callee(...args);
  }

  protected done(value: unknown): void {
    this.side.sendResult(this.call, value);
  }

  failed(error: unknown, cancelled: boolean): void {
    const encoded = this.side.encode(explain(error, this.entry.ref));
    this.side.send([FromWorkerKind.Failed, this.call, encoded, cancelled]);
  }
}
