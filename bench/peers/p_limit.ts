// deno-lint-ignore-file no-import-prefix
export { default as pLimit } from "npm:p-limit@7.3.3";
