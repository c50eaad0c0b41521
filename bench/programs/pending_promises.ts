// The floor: a million async functions that wait for a promise each, which somebody can resolve.
const resolvers: (() => void)[] = [];

async function wait(): Promise<void> {
  await new Promise<void>((resolve) => resolvers.push(resolve));
}

const waits: Promise<void>[] = [];
for (let i = 0; i < 1_000_000; i++) waits.push(wait());
await new Promise((resolve) => setTimeout(resolve, 100));
console.log(Deno.memoryUsage().rss);
Deno.exit(0);
