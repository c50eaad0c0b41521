import config from "../../deno.json" with { type: "json" };
import { runToEnd } from "./running_process.ts";

const ROOT = new URL("../../", import.meta.url);

/** Deno refuses versions that are younger than a day. */
const CREATED = "2020-01-01T00:00:00.000Z";

/** A package: what the registry says of it, and its files by path. */
export interface JsrPackage {
  name: string;
  version: string;
  exports: Record<string, string>;
  files: Map<string, Uint8Array<ArrayBuffer>>;
}

type Served = Map<string, Uint8Array<ArrayBuffer>>;

/** This package; the same for all registries of a program. */
let own: Promise<JsrPackage> | undefined;

/**
 * A registry on the loopback that speaks JSR's protocol and has this package, with the files that
 * publishing would send, and those it is given.
 */
export class JsrRegistry implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(served: Served) {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => {
        const body = served.get(new URL(request.url).pathname);
        return body === undefined
          ? new Response("There is no such file", { status: 404 })
          : new Response(body, { headers: { "content-type": contentType(request.url) } });
      },
    );
  }

  static async start(...others: JsrPackage[]): Promise<JsrRegistry> {
    const served: Served = new Map();
    for (const one of [await (own ??= readOwn()), ...others]) await serve(one, served);
    return new JsrRegistry(served);
  }

  /** What `JSR_URL` has to be. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

async function readOwn(): Promise<JsrPackage> {
  const { name, version, exports } = config;
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const path of await publishList()) {
    files.set(path, await Deno.readFile(new URL(path, ROOT)));
  }
  return { name, version, exports, files };
}

/** The paths of the files that `deno publish` would send. */
async function publishList(): Promise<string[]> {
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const { code, out, err } = await runToEnd(args, { cwd: ROOT });
  const text = out + err;
  const paths = Array.from(
    text.matchAll(/^ *(file:\S+) \([\d.]+[KM]?B\)$/gm),
    ([, url]) => url!.slice(ROOT.href.length),
  );
  if (code !== 0 || paths.length === 0) throw new Error(`Cannot list the package: ${text}`);
  return paths;
}

async function serve(one: JsrPackage, served: Served): Promise<void> {
  const { name, version, exports, files } = one;
  const manifest: Record<string, { size: number; checksum: string }> = {};
  for (const [path, bytes] of files) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    manifest[`/${path}`] = { size: bytes.length, checksum: `sha256-${hex}` };
    served.set(`/${name}/${version}/${path}`, bytes);
  }
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const [scope, short] = name.slice(1).split("/");
  served.set(
    `/${name}/meta.json`,
    json({ scope, name: short, latest: version, versions: { [version]: { createdAt: CREATED } } }),
  );
  served.set(`/${name}/${version}_meta.json`, json({ manifest, exports }));
}

function contentType(url: string): string {
  if (url.endsWith(".ts")) return "text/typescript";
  if (url.endsWith(".js")) return "text/javascript";
  return url.endsWith(".json") ? "application/json" : "text/plain";
}
