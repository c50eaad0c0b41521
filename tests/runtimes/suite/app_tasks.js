import { remote } from "@strand/strand";
import { functions } from "./functions.js";

/** For programs that are bundled: there is no address to find them by. */
export const tasks = remote({ url: "app:tasks" }, functions);
