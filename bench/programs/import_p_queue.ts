// deno-lint-ignore-file no-import-prefix
// Not from `peers.ts`, which names all the others as well.
import PQueue from "npm:p-queue@10.0.0";

const queue = new PQueue();
console.log(await queue.add(() => 1));
