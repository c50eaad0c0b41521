/** For `bun --preload`: lets Bun run the project's own test files as they are. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { NPM, resolve, withShims } from "./resolve.mjs";

function pathOf(found) {
  if (found.startsWith("file:")) return fileURLToPath(found);
  return Bun.resolveSync(found, dirname(fileURLToPath(NPM)));
}

Bun.plugin({
  name: "test files",
  setup(build) {
    build.onLoad({ filter: /(?:\/(?:tests|examples|site)\/.*|\/_program)\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      // Bun asks no plugin where a package is.
      const resolved = source.replaceAll(
        /(\bfrom |\bimport(?: |\())"((?:npm:|@std\/|@strand\/)[^"]+)"/g,
        (_, before, specifier) => `${before}"${pathOf(resolve(specifier))}"`,
      );
      return { contents: withShims(pathToFileURL(path).href, resolved), loader: "ts" };
    });
  },
});
