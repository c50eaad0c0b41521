// deno-lint-ignore-file no-import-prefix
// Not from `peers.ts`, which loads it later: what is posted to a worker before it listens gets lost.
import { expose } from "npm:comlink@4.4.2";
import { echo } from "./echo_functions.ts";

expose({ echo });
