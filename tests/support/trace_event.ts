/** One event of the Trace Event Format, as a test reads it back. */
export interface TraceEvent {
  ph: string;
  name: string;
  cat?: string;
  id?: number;
  tid: number;
  ts: number;
  args?: { name?: string };
}
