// deno-lint-ignore-file no-import-prefix
import { ThreadWorker } from "npm:poolifier-web-worker@0.5.15";
import { echo } from "./echo_functions.ts";

export default new ThreadWorker<number, number>({ echo: (data) => echo(data!) });
