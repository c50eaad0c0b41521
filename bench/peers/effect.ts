// deno-lint-ignore-file no-import-prefix
export { Effect, Fiber, Queue } from "npm:effect@4.1.0";
