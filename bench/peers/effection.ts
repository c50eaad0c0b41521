// deno-lint-ignore-file no-import-prefix
export { run, sleep, spawn } from "npm:effection@4.1.1";
