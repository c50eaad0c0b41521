import { assertEquals } from "@std/assert";
import { soak } from "../tools/soak/soak.ts";

Deno.test("A short soak: every call is accounted for, on every kind of worker", async () => {
  const { rounds, growth } = await soak({ seed: 4, goOn: (rounds) => rounds < 2 });
  assertEquals({ rounds, growth }, { rounds: 2, growth: [] });
});
