// deno-lint-ignore-file no-import-prefix
export { Tinypool } from "npm:tinypool@2.2.0";
