/** For `node --import`: lets Node run the project's own test files as they are. */
import { readFileSync } from "node:fs";
import { registerHooks, stripTypeScriptTypes } from "node:module";
import { fileURLToPath } from "node:url";
import { NPM, resolve, withShims } from "./resolve.mjs";

registerHooks({
  resolve(specifier, context, next) {
    const found = resolve(specifier);
    if (found === undefined || found.startsWith("file:")) return next(found ?? specifier, context);
    return next(found, { ...context, parentURL: NPM });
  },
  load(url, context, next) {
    if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
    const typed = withShims(url, readFileSync(fileURLToPath(url), "utf8"));
    // The library itself has only types that can be stripped; some tests have more.
    const mode = url.includes("/tests/") ? "transform" : "strip";
    const source = stripTypeScriptTypes(typed, { mode });
    return { format: "module", source, shortCircuit: true };
  },
});
