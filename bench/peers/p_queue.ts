// deno-lint-ignore-file no-import-prefix
export { default as PQueue } from "npm:p-queue@10.0.0";
