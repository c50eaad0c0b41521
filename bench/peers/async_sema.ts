// deno-lint-ignore-file no-import-prefix
export { Sema } from "npm:async-sema@3.1.1";
