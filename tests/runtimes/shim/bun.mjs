/** For `bun --preload`: lets Bun run the project's own test files as they are. */
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { resolve, withShims } from "./resolve.mjs";

Bun.plugin({
  name: "test files",
  setup(build) {
    build.onLoad({ filter: /(?:\/tests\/.*|\/_program)\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      // Bun asks no plugin where a package is.
      const resolved = source.replaceAll(
        /(\bfrom |\bimport(?: |\())"((?:npm:|@std\/|@strand\/)[^"]+)"/g,
        (_, before, specifier) => `${before}"${fileURLToPath(resolve(specifier))}"`,
      );
      return { contents: withShims(pathToFileURL(path).href, resolved), loader: "ts" };
    });
  },
});
