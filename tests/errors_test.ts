import { assert, assertEquals } from "@std/assert";
import * as strand from "../mod.ts";
import * as errors from "../lib/errors.ts";

const CLASSES = Object.entries(errors);

Deno.test("Errors: every class is public, and an Error with a name of its own", () => {
  assert(CLASSES.length >= 9);
  for (const [name, Class] of CLASSES) {
    assertEquals(Reflect.get(strand, name), Class);
    const error = new Class("what happened", { cause: 1 });
    assert(error instanceof Error);
    assertEquals([error.name, error.message, error.cause], [name, "what happened", 1]);
    assertEquals([`${error}`, Class.name], [`${name}: what happened`, name]);
    assert(error.stack!.startsWith(`${name}: what happened\n`), error.stack);
  }
});

Deno.test("Errors: none is another one, and the names are no fields of the errors", () => {
  for (const [name, Class] of CLASSES) {
    const error = new Class("x");
    assertEquals(Object.keys(error), []);
    assertEquals(Object.getPrototypeOf(Class), Error);
    for (const [other, Other] of CLASSES) assertEquals(error instanceof Other, name === other);
  }
});

Deno.test("Errors: a class made of one keeps being one, with a name of its own if it sets that", () => {
  class Expired extends errors.TimeoutError {
    override name = "Expired";
  }
  const error = new Expired("x");
  assert(error instanceof errors.TimeoutError);
  assertEquals(`${error}`, "Expired: x");
});
