import { readdirSync, readFileSync } from "node:fs";

/** Three strands. */
const ICON = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke-width="2.4" ' +
    'stroke-linecap="round"><path d="M2 3h9" stroke="#0d8573"/><path d="M2 8h12" ' +
    'stroke="#e0a33e"/><path d="M2 13h6" stroke="#c4314b"/></svg>',
);

/** The folder that the site is made from. */
const root = new URL("../", import.meta.url);

const chapters = readdirSync(new URL("docs/guide/tutorial/", root)).sort();

/** The pages of the guide, by what they are for; a page that is in none of these comes last. */
const groups = {
  "Tutorial": ["tutorial", ...chapters.map((name) => `tutorial/${name.replace(".md", "")}`)],
  "Coming from": [
    "coming_from_asyncio",
    "asyncio_waits",
    "asyncio_locks",
    "coming_from_multiprocessing",
    "coming_from_limits",
    "coming_from_workers",
    "coming_from_effect",
    "names",
  ],
  "In depth": ["pools", "workers", "cancellation", "promises_under_way", "services"],
  "To copy": ["recipes", "more_recipes"],
};
const sorted = new Set(Object.values(groups).flat());
groups["To look up"] = readdirSync(new URL("docs/guide/", root))
  .filter((name) => name.endsWith(".md"))
  .map((name) => name.replace(".md", ""))
  .filter((name) => !sorted.has(name));

function titleOf(page) {
  const text = readFileSync(new URL(`docs/guide/${page}.md`, root), "utf8");
  return /^# (.+)$/m.exec(text)[1].replaceAll("`", "");
}

/** Links to the API lead to the one of this site. */
function linkApi(md) {
  const { link_open: render } = md.renderer.rules;
  md.renderer.rules.link_open = (tokens, index, options, env, self) => {
    const token = tokens[index];
    const href = token.attrGet("href");
    const match = /^https:\/\/jsr\.io\/@strand\/strand\/doc(?:\/(\w+))?(?:\/~\/([\w.]+))?$/.exec(
      href,
    );
    if (match) {
      const [, entry, symbol] = match;
      const module = entry === undefined ? "" : `${entry}/`;
      const page = module + (symbol === undefined ? "index.html" : `~/${symbol}.html`);
      token.attrSet("href", `${process.env.SITE_BASE ?? "/"}api/${page}`);
      token.attrSet("target", "_self");
      return self.renderToken(tokens, index, options);
    }
    return render(tokens, index, options, env, self);
  };
}

export default {
  title: "Strand",
  description: "asyncio and multiprocessing for TypeScript",
  base: process.env.SITE_BASE ?? "/",
  cleanUrls: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: ICON }]],
  ignoreDeadLinks: [/^\/api\//, /\/LICENSE$/],
  markdown: { config: linkApi },
  themeConfig: {
    search: { provider: "local" },
    outline: "deep",
    nav: [
      { text: "Guide", link: "/docs/guide/tutorial", activeMatch: "/docs/guide/" },
      { text: "Playground", link: "/playground" },
      { text: "Benchmarks", link: "/bench/REPORT" },
      { text: "API", link: "/api/index.html", target: "_self" },
    ],
    sidebar: [
      { items: [{ text: "What it is", link: "/README" }] },
      ...Object.entries(groups).map(([text, pages]) => ({
        text,
        items: pages.map((page) => ({ text: titleOf(page), link: `/docs/guide/${page}` })),
      })),
      {
        text: "The project",
        items: [
          { text: "Contributing", link: "/CONTRIBUTING" },
          { text: "Architecture", link: "/docs/ARCHITECTURE" },
          { text: "Changelog", link: "/CHANGELOG" },
        ],
      },
    ],
  },
};
