import { WorkerPool } from "../../mod.ts";

await using pool = new WorkerPool(1);
console.log(await pool.submit((value: number) => value + 1, 6));
