/** The headers give the page memory that it can share with its workers; pools work without them, too. */
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default { server: { headers }, preview: { headers }, build: { target: "esnext" } };
