import { workerpool } from "../peers/workerpool.ts";
import { echo } from "./echo_functions.ts";

workerpool.worker({ echo });
