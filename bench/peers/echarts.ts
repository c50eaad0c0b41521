// deno-lint-ignore-file no-import-prefix
export { init } from "npm:echarts@6.1.0";
