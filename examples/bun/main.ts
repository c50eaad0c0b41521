// bunx jsr add @strand/strand && bun main.ts
import { run, WorkerPool } from "@strand/strand";
import { isPrime } from "./primes.ts";

await run(async () => {
  await using pool = new WorkerPool(2);
  const numbers = Array.from({ length: 10_000 }, (_, i) => i);
  const answers = await pool.map(isPrime, numbers);
  console.log(`${answers.filter(Boolean).length} primes below ${numbers.length}`);
});
