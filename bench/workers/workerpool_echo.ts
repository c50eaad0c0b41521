// deno-lint-ignore-file no-import-prefix
import workerpool from "npm:workerpool@10.0.3";
import { echo } from "./echo_functions.ts";

workerpool.worker({ echo });
