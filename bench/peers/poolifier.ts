// deno-lint-ignore-file no-import-prefix
export { FixedThreadPool, ThreadWorker } from "npm:poolifier-web-worker@0.5.15";
