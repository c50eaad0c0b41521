/**
 * Instruments that are ready to use: traces and metrics of OpenTelemetry, and files for Perfetto.
 *
 * ```ts
 * import { instrument, run, sleep } from "@strand/strand";
 * import { chromeTrace } from "@strand/strand/observe";
 *
 * const pieces: string[] = [];
 * using _ = instrument(chromeTrace((piece) => void pieces.push(piece)));
 * await run(() => sleep(1));
 * ```
 *
 * @module
 */

export { type Instrument } from "./lib/core/instrument.ts";
export { chromeTrace } from "./lib/observe/chrome_trace.ts";
export {
  openTelemetry,
  type OpenTelemetryApi,
  type OpenTelemetryOptions,
} from "./lib/observe/open_telemetry.ts";
