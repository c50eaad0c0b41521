// deno-lint-ignore-file no-import-prefix
export { expose, transfer, wrap } from "npm:comlink@4.4.2";
