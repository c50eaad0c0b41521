// npx jsr add @strand/strand && npx vite
import { WorkerPool } from "@strand/strand";
import { isPrime } from "./tasks.js";

const pool = new WorkerPool({
  worker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
});
const numbers = Array.from({ length: 10_000 }, (_, i) => i);
const answers = await pool.map(isPrime, numbers);
document.querySelector("#answer").textContent = `${
  answers.filter(Boolean).length
} primes below ${numbers.length}`;
