// deno-lint-ignore-file no-import-prefix
export { default as workerpool } from "npm:workerpool@10.0.3";
