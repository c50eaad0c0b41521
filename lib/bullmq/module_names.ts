import { show } from "../base/validate.ts";
import type { Described } from "../wire/describe_function.ts";
import type { NamedFunction } from "../wire/function_ref.ts";

/**
 * Task modules by the names that they have on the queue. The names are the same on both sides;
 * where a module is found, each machine says for itself.
 */
export type TaskModules = Record<string, string | URL>;

/** The names that functions have on the queue, `images/resize`, and what they stand for here. */
export class ModuleNames {
  readonly #urls = new Map<string, string>();
  readonly #names = new Map<string, string>();

  /** @throws {TypeError} If one is no name, or no address. */
  constructor(what: string, modules: unknown) {
    if (typeof modules !== "object" || modules === null || Array.isArray(modules)) {
      throw new TypeError(`Cannot ${what}: modules must be an object, received ${show(modules)}`);
    }
    for (const [name, url] of Object.entries(modules)) {
      if (!/^[\w.-]+$/.test(name)) {
        throw new TypeError(
          `Cannot ${what}: ${
            show(name)
          } is no name of a module, wanted letters, digits, "-", "_" and "."`,
        );
      }
      const href = hrefOf(url);
      if (href === undefined) {
        throw new TypeError(
          `Cannot ${what}: module "${name}" must be an absolute URL, received ${show(url)}; ` +
            `write new URL("./${name}.ts", import.meta.url)`,
        );
      }
      this.#urls.set(name, href);
      if (!this.#names.has(href)) this.#names.set(href, name);
    }
  }

  /** All names, for an error. */
  get known(): string {
    return [...this.#urls.keys()].join(", ") || "none";
  }

  /**
   * The name of a function on the queue.
   *
   * @throws {TypeError} If it is not of one of the modules.
   */
  nameOf(what: string, { ref }: Described): string {
    if (!("module" in ref)) {
      const name = "source" in ref && ref.name !== "" ? `function "${ref.name}"` : "the function";
      throw new TypeError(
        `Cannot ${what}: ${name} would have to travel as source, and only names go to other machines; ` +
          `register it with remote(import.meta, fn) in one of the modules`,
      );
    }
    const module = this.#names.get(ref.module);
    if (module !== undefined) return `${module}/${ref.name}`;
    throw new TypeError(
      `Cannot ${what}: function "${ref.name}" is of ${ref.module}, which is none of the modules ` +
        `(${this.known})`,
    );
  }

  /**
   * Refuse an address that is none of the modules.
   *
   * @throws {TypeError} If it is not.
   */
  check(what: string, module: unknown): void {
    const href = hrefOf(module);
    if (href === undefined || this.#names.has(href)) return;
    throw new TypeError(`Cannot ${what}: ${href} is none of the modules (${this.known})`);
  }

  /** What a name on the queue stands for here. Nothing else ever becomes an address. */
  refOf(name: string): NamedFunction | undefined {
    const at = name.indexOf("/");
    const module = this.#urls.get(name.slice(0, Math.max(at, 0)));
    return module === undefined ? undefined : { module, name: name.slice(at + 1) };
  }
}

function hrefOf(url: unknown): string | undefined {
  if (url instanceof URL) return url.href;
  return typeof url === "string" && URL.canParse(url) ? new URL(url).href : undefined;
}
