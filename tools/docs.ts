/**
 * Builds the site: the guide, the API, the playground.
 *
 * Usage: deno task docs [folder]
 *
 * The folder is `_site` unless you say another; any server of static files can serve it. With
 * `SITE_BASE=/strand/` in the environment, it is made for a place below the root of its server.
 *
 * @module
 */
import { buildSite } from "./site/build_site.ts";

const folder = Deno.args[0] ?? "_site";
await buildSite(folder);
console.log(`The site is in ${folder}`);
