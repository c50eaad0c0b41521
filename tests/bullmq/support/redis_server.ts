import { Redis } from "./engine.ts";

/** How to run a Redis. */
export interface RedisOptions {
  /** Whether it keeps a log of what it did, so that it has it all when it is started again. */
  appendOnly?: boolean;
  /** Whether it speaks TLS, and asks for a password. */
  tls?: boolean;
}

const AUTHORITY = new URL("../fixtures/tls/authority.pem", import.meta.url);
const CERTIFICATE = new URL("../fixtures/tls/certificate.pem", import.meta.url);
const KEY = new URL("../fixtures/tls/key.pem", import.meta.url);
const PASSWORD = "the password of the tests";

/** A `redis-server` of the test's own: on a free port of loopback, with a folder of its own. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #options: RedisOptions;
  readonly #clients: Redis[] = [];
  #process: Deno.ChildProcess | undefined;

  private constructor(port: number, folder: string, options: RedisOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  /** Prepare one that is not started yet. */
  static async prepare(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = await Deno.makeTempDir({ prefix: "strand-redis-" });
    return new RedisServer(freePort(), folder, options);
  }

  /** Start one; it answers when this resolves. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const server = await RedisServer.prepare(options);
    await server.start();
    return server;
  }

  /** Start it, for the first time or again. */
  async start(): Promise<void> {
    const { appendOnly = false, tls = false } = this.#options;
    const encrypted = {
      port: 0,
      "tls-port": this.port,
      "tls-cert-file": CERTIFICATE.pathname,
      "tls-key-file": KEY.pathname,
      "tls-auth-clients": "no",
      requirepass: PASSWORD,
    };
    const settings = {
      ...tls ? encrypted : { port: this.port },
      bind: "127.0.0.1",
      dir: this.#folder,
      save: "",
      appendonly: appendOnly ? "yes" : "no",
      appendfsync: "everysec",
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.#process = new Deno.Command("redis-server", {
      args,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    void this.#process.status.then(() => ended = true);
    while (!await this.#answers(tls ? "-NOAUTH" : "+PONG")) {
      if (ended) throw new Error(`redis-server has ended: port ${this.port} may be taken`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** A client, which is the test's to use; it is closed with the server. */
  client(options: object = {}): Redis {
    const { tls } = this.#options;
    const client = new Redis({
      port: this.port,
      host: "127.0.0.1",
      maxRetriesPerRequest: null,
      ...tls ? { tls: { ca: Deno.readTextFileSync(AUTHORITY) }, password: PASSWORD } : {},
      ...options,
    });
    client.on("error", () => {});
    this.#clients.push(client);
    return client;
  }

  /** Send a signal: SIGSTOP freezes it, SIGCONT lets it go on. */
  signal(signal: Deno.Signal): void {
    this.#process!.kill(signal);
  }

  /** End it at once, as a power cut does. */
  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    if (process === undefined) return;
    process.kill("SIGKILL");
    await process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(first: string): Promise<boolean> {
    const { port } = this;
    try {
      using connection = this.#options.tls
        ? await Deno.connectTls({
          hostname: "127.0.0.1",
          port,
          caCerts: [await Deno.readTextFile(AUTHORITY)],
        })
        : await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("PING\r\n"));
      const answer = new Uint8Array(16);
      const length = await connection.read(answer) ?? 0;
      return new TextDecoder().decode(answer.subarray(0, length)).startsWith(first);
    } catch {
      return false;
    }
  }
}

/** Whether the `redis-server` that is there can speak TLS. */
export async function hasTls(): Promise<boolean> {
  try {
    const args = ["--port", "0", "--tls-port", "1", "--tls-cert-file", "none"];
    const { stdout } = await new Deno.Command("redis-server", { args }).output();
    return !new TextDecoder().decode(stdout).includes("Bad directive");
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
