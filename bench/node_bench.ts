import { bench, type Comparison, contender, type Goal, strand } from "./support/comparison.ts";
import { measureOnNode, openNode } from "./support/node.ts";

const PISCINA = "piscina 5.3.2";
const TINYPOOL = "tinypool 2.2.0";

function onNode(operation: string, what: string, most: number, more: Partial<Comparison> = {}) {
  const one = (library: string) => ({
    open: openNode,
    run: () => measureOnNode(library, what),
  });
  const goals: Goal[] = [{ against: PISCINA, most }, { against: TINYPOOL, most }];
  return {
    operation: `Node 24: ${operation}`,
    ops: 1,
    gives: "ns" as const,
    contenders: [
      strand(one("strand")),
      contender({ name: PISCINA, kind: "peer", ...one("piscina") }),
      contender({ name: TINYPOOL, kind: "peer", ...one("tinypool") }),
    ],
    goals,
    ...more,
  };
}

const MODULES = "loading the 180 modules of the package; as one file they load in the time that " +
  "piscina takes.";

export const comparisons = bench([
  onNode("import, processor time of the process", "import", 1, { remainder: MODULES }),
  onNode("new pool of 2 to its first result", "start", 1, {
    remainder: "the 59 modules of the worker's side, in each of the two threads.",
  }),
  onNode("one call at a time", "one", 0.8),
  onNode("5,000 calls at once", "many", 0.5),
]);
