// deno-lint-ignore-file no-import-prefix
export { default as pMap } from "npm:p-map@7.1.1";
