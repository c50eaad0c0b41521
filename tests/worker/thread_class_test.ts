import { assertEquals, assertThrows } from "@std/assert";
import * as strand from "../../mod.ts";
import { Thread, Thread as Alias } from "../../mod.ts";
import { Doubled, Named, NamedBelow, NamedBeside } from "./fixtures/thread_classes.ts";

class ByNamespace extends strand.Thread<string> {
  override run(): string {
    return "namespace";
  }
}

class ByAlias extends Alias<string> {
  override run(): string {
    return "alias";
  }
}

class Base extends Thread<string> {
  word = "base";
  override run(): string {
    return `${this.word} ${this.step()}`;
  }
  step(): string {
    return "one";
  }
}

class Between extends Base {
  override step(): string {
    return `${super.step()} two`;
  }
}

class Lowest extends Between {
  override word = "lowest";
}

class Beside extends Base {
  override step(): string {
    return "beside";
  }
}

type ThreadClass = new () => Thread<string>;

// deno-lint-ignore no-explicit-any
const mixin = (Class: any, _options?: object): any =>
  class Mixed extends Class {
    run(): string {
      return "mixin";
    }
  };

const pick = { ["a } b"]: Thread };

class ByExpression
  extends (mixin(/* no { body */ pick["a } b"], { of: class {} }) as unknown as ThreadClass) {
  override run(): string {
    return "expression";
  }
}

const Anonymous = (() =>
  class extends Thread<string> {
    override run(): string {
      return "anonymous";
    }
  })();

const CLASSES: [Class: ThreadClass, gives: string][] = [
  [ByNamespace, "namespace"],
  [ByAlias, "alias"],
  [Base, "base one"],
  [Between, "base one two"],
  [Lowest, "lowest one two"],
  [Beside, "base beside"],
  [mixin(Thread), "mixin"],
  [mixin(mixin(Base)), "mixin"],
  [ByExpression, "expression"],
  [Anonymous, "anonymous"],
  [Named, "named 1"],
  [NamedBelow, "named 2"],
  [NamedBeside, "named 3"],
  [Doubled, "named 1 twice"],
  [class extends Named {}, "named 1"],
];

Deno.test("A class derived from Thread runs as itself, however it is derived", async () => {
  // All at once, and each of them twice: a class is known by itself, not by the run that it inherits.
  const threads = [...CLASSES, ...CLASSES.toReversed()].map(([Class, gives]) => {
    const thread = new Class();
    thread.start();
    return { thread, gives };
  });
  for (const { thread, gives } of threads) assertEquals(await thread.result(), gives);
});

Deno.test("A class whose text cannot travel is refused by name", () => {
  function Old() {}
  Object.setPrototypeOf(Old, Thread);
  Old.prototype = Object.create(Thread.prototype, { run: { value: () => 1 } });
  Old.prototype.constructor = Old;
  const thread = Reflect.construct(Thread, [], Old) as Thread;
  assertThrows(() => thread.start(), TypeError, "Cannot start a thread: function Old");
});

/** Never run: what the compiler says of it is the test. */
export function types(): void {
  new Thread((a: number) => a, { args: [1] });
  new Thread((a: number, b: string) => a + b, { args: [1, "x"] as const, name: "named" });
  new Thread(() => 1);
  new Thread((a?: number) => a);
  // deno-lint-ignore no-explicit-any
  new Thread((...all: any[]) => all.length, { args: [1, "x"] });
  const thread: Thread<number> = new Thread((a: number) => a, { args: [1], daemon: true });
  const result: Promise<number> = thread.result();
  void result;
  // @ts-expect-error: of the wrong type
  new Thread((a: number) => a, { args: ["x"] });
  // @ts-expect-error: too many
  new Thread((a: number) => a, { args: [1, 2] });
  // @ts-expect-error: missing
  new Thread((a: number) => a);
  // @ts-expect-error: missing among the options
  new Thread((a: number) => a, { name: "named" });
}
