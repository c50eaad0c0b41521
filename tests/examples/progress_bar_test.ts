import { assertEquals } from "@std/assert";
import { ProgressBar } from "../../examples/support/progress_bar.ts";

class FakeScreen {
  text = "";
  readonly #terminal: boolean;

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  isTerminal(): boolean {
    return this.#terminal;
  }

  writeSync(bytes: Uint8Array): number {
    this.text += new TextDecoder().decode(bytes);
    return bytes.length;
  }
}

/** Lets `fn` set the time that `performance.now` tells. */
function withClock(fn: (clock: { now: number }) => void): void {
  const clock = { now: 0 };
  const real = performance.now;
  performance.now = () => clock.now;
  try {
    fn(clock);
  } finally {
    performance.now = real;
  }
}

Deno.test("A progress bar is redrawn at most ten times a second", () => {
  withClock((clock) => {
    const screen = new FakeScreen(true);
    const bar = new ProgressBar("work", 1_000, screen);
    for (let done = 1; done <= 1_000; done++) {
      clock.now = done;
      bar.update(done);
    }
    const drawn = screen.text.split("\r\x1b[K").slice(1);
    assertEquals(drawn.length, 11);
    assertEquals(drawn[0], `work [${"-".repeat(30)}] 0/1000`);
    assertEquals(drawn[5], `work [${"#".repeat(15)}${"-".repeat(15)}] 500/1000`);
    assertEquals(drawn[10], `work [${"#".repeat(30)}] 1000/1000`);
  });
});

Deno.test("A progress bar leaves nothing behind", () => {
  const screen = new FakeScreen(true);
  {
    using _bar = new ProgressBar("work", 10, screen);
  }
  assertEquals(screen.text.endsWith("\r\x1b[K"), true);
});

Deno.test("A progress bar draws nothing where there is no terminal", () => {
  const screen = new FakeScreen(false);
  {
    using bar = new ProgressBar("work", 10, screen);
    bar.update(10);
  }
  assertEquals(screen.text, "");
});
