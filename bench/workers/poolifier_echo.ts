import { ThreadWorker } from "../peers/poolifier.ts";
import { echo } from "./echo_functions.ts";

export default new ThreadWorker<number, number>({ echo: (data) => echo(data!) });
