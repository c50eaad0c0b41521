// deno-lint-ignore-file no-import-prefix
// Not from `peers.ts`, which names all the others as well.
import { run, sleep } from "npm:effection@4.1.1";

await run(function* () {
  yield* sleep(0);
});
console.log(1);
