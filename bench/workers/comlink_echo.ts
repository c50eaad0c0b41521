import { expose } from "../peers/comlink.ts";
import { echo } from "./echo_functions.ts";

expose({ echo });
