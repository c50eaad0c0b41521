import { remote } from "@strand/strand";
import { functions } from "./functions.js";

export const tasks = remote(import.meta, functions);
