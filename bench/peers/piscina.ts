// deno-lint-ignore-file no-import-prefix
export { Piscina } from "npm:piscina@5.3.2";
