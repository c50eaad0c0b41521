/** For `node --import`: lets Node run the project's own test files as they are. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { resolve, withShims } from "./resolve.mjs";

registerHooks({
  resolve(specifier, context, next) {
    return next(resolve(specifier) ?? specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
    const source = readFileSync(fileURLToPath(url), "utf8");
    return { format: "module-typescript", source: withShims(url, source), shortCircuit: true };
  },
});
