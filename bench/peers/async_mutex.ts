// deno-lint-ignore-file no-import-prefix
export { Mutex, Semaphore } from "npm:async-mutex@0.5.0";
