// deno-lint-ignore-file no-import-prefix
// Not from `peers.ts`, which names all the others as well.
import { Effect } from "npm:effect@4.1.0";

console.log(await Effect.runPromise(Effect.succeed(1)));
