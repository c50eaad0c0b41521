// deno-lint-ignore-file no-import-prefix
export { initRuntime, move, shutdown, spawn } from "npm:multithreading@0.3.52";
