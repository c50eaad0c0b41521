// npx jsr add @strand/strand && node main.js
import { availableParallelism } from "node:os";
import { run, WorkerPool } from "@strand/strand";
import { isPrime } from "./primes.js";

await run(async () => {
  const pool = new WorkerPool(Math.min(4, availableParallelism()));
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  const answers = await pool.map(isPrime, numbers);
  console.log(`${answers.filter(Boolean).length} primes below ${numbers.length}`);
  await pool.shutdown();
});
