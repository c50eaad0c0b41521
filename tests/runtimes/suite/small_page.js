/** Its size says what a page has to load that uses two functions of the library. */
import { gather, sleep } from "@strand/strand";

void gather(sleep(1, "a"), sleep(2, "b")).then(console.log);
