/** A test needs something that only Deno has. */
export class NeedsDeno extends Error {
  name = "NeedsDeno";
  constructor(feature) {
    super(`This needs Deno.${feature}`);
    this.feature = `Deno.${feature}`;
  }
}
