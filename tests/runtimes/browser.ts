/**
 * A headless browser that is driven by its own protocol: keys, sizes of screens, what the console says.
 *
 * @module
 */

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

type Waiting = { resolve(result: Record<string, unknown>): void; reject(error: Error): void };

/** Codes of keys that are not letters. */
const KEYS: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowRight: 39,
};

/** One page in a browser of its own. */
export class BrowserPage implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;
  /** Errors that the console showed, and requests that were not answered well. */
  readonly errors: string[] = [];

  private constructor(process: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Start a browser with an empty page. */
  static async open(chromium: string): Promise<BrowserPage> {
    const profile = await Deno.makeTempDir();
    const process = new Deno.Command(chromium, {
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--hide-scrollbars",
        "--remote-debugging-port=0",
        `--user-data-dir=${profile}`,
        "about:blank",
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const endpoint = await findEndpoint(process.stderr);
    const targets = await (await fetch(`http://${new URL(endpoint).host}/json/list`)).json();
    const target = targets.find(({ type }: { type: string }) => type === "page");
    const socket = new WebSocket(target.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.onopen = resolve);
    const page = new BrowserPage(process, profile, socket);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) {
      await page.#send(`${domain}.enable`);
    }
    return page;
  }

  /** Set the size of the screen, in CSS pixels. */
  async resize(width: number, height: number): Promise<void> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: width < 600 };
    await this.#send("Emulation.setDeviceMetricsOverride", metrics);
  }

  /** Prefer dark colours, or light ones. */
  async prefer(scheme: "dark" | "light"): Promise<void> {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.#send("Emulation.setEmulatedMedia", { features });
  }

  /** Go to an address, and wait until an expression holds there. */
  async go(url: string, until: string, limitMs?: number): Promise<void> {
    await this.#send("Page.navigate", { url });
    await this.until(until, limitMs);
  }

  /** The value of an expression in the page. */
  async value<T>(expression: string): Promise<T> {
    const answer = await this.#send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    }) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string } } };
    const { result, exceptionDetails } = answer;
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
  }

  /** Wait until an expression holds in the page. */
  async until(expression: string, limitMs = 60_000): Promise<void> {
    const end = performance.now() + limitMs;
    while (!await this.value<boolean>(`Boolean(${expression})`).catch(() => false)) {
      if (performance.now() > end) throw new Error(`It never came true: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Press a key, and let it go. */
  async press(key: string): Promise<void> {
    const code = KEYS[key] ?? key.toUpperCase().charCodeAt(0);
    const text = key === "Enter" ? "\r" : key.length === 1 ? key : undefined;
    const event = { key, code: key, windowsVirtualKeyCode: code };
    const down = text === undefined ? { type: "rawKeyDown" } : { type: "keyDown", text };
    await this.#send("Input.dispatchKeyEvent", { ...event, ...down });
    await this.#send("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  /** Type a text into what has the focus. */
  async type(text: string): Promise<void> {
    await this.#send("Input.insertText", { text });
  }

  /** Write a picture of the screen into a file. */
  async picture(path: string): Promise<void> {
    const { data } = await this.#send("Page.captureScreenshot") as { data: string };
    await Deno.writeFile(path, Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.onclose = null;
    this.#process.kill("SIGKILL");
    await this.#process.status;
    this.#socket.close();
    await Deno.remove(this.#profile, { recursive: true }).catch(() => {});
  }

  #send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#ids;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result ?? {});
      else waiting?.reject(new Error(error.message));
      return;
    }
    const said = JSON.stringify(params);
    if (method === "Runtime.exceptionThrown") this.errors.push(said);
    if (method === "Runtime.consoleAPICalled" && params?.type === "error") this.errors.push(said);
    if (method === "Log.entryAdded" && said.includes('"level":"error"')) this.errors.push(said);
    if (method === "Network.loadingFailed" && params?.canceled !== true) this.errors.push(said);
  }
}

/** The address of the protocol, which the browser prints; what it prints later is read and dropped. */
async function findEndpoint(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream() as never).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read() as ReadableStreamReadResult<string>;
    if (done) throw new Error(`The browser has ended: ${text}`);
    text += value;
    const [, endpoint] = /^DevTools listening on (\S+)$/m.exec(text) ?? [];
    if (endpoint === undefined) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return endpoint;
  }
}
