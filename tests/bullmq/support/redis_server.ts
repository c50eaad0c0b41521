import { Redis } from "./engine.ts";

/** How to run a Redis. */
export interface RedisOptions {
  /** Whether it keeps a log of what it did, so that it has it all when it is started again. */
  appendOnly?: boolean;
}

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
    const { appendOnly = false } = this.#options;
    const settings = {
      port: this.port,
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
    while (!await this.#answers()) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** A client, which is the test's to use; it is closed with the server. */
  client(): Redis {
    const client = new Redis(this.port, "127.0.0.1", { maxRetriesPerRequest: null });
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

  async #answers(): Promise<boolean> {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      await connection.write(new TextEncoder().encode("PING\r\n"));
      const answer = new Uint8Array(16);
      const length = await connection.read(answer) ?? 0;
      return new TextDecoder().decode(answer.subarray(0, length)).startsWith("+PONG");
    } catch {
      return false;
    }
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
