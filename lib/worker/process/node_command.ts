import { builtin } from "../../base/builtins.ts";
import { nodeProcess } from "../../base/runtime.ts";
import type { ChildCommand } from "./child_command.ts";

/** Flags of Node that are meant for this program alone, with and without a value behind them. */
const OWN_FLAGS =
  /^--?(?:inspect|eval|e|print|p|pe|check|c|test|watch|prof|cpu-prof|heap-prof|interactive|i|run)\b/;

/** Those among them whose value stands behind a space. */
const WITH_VALUE = /^(?:--eval|-e|--print|-p|-pe)$/;

/** How to start a process of Node, or of a runtime made like it, that finds the same modules. */
export function nodeCommand(entry: URL): ChildCommand {
  const { execArgv, execPath } = nodeProcess()!;
  const { fileURLToPath } = builtin<{ fileURLToPath(url: URL): string }>("node:url")!;
  const flags = execArgv.filter((flag, i) => {
    return !OWN_FLAGS.test(flag) && !WITH_VALUE.test(execArgv[i - 1] ?? "");
  });
  return { command: execPath, args: [...flags, fileURLToPath(entry)] };
}
