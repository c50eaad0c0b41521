/**
 * Makes every class known of which instances can arrive in a worker. Loaded when the first of them
 * comes: most calls need none.
 *
 * @module
 */
import "../../shared/register.ts";
import "../../wire/connection.ts";
export { join } from "../../wire/resource_sharer.ts";
