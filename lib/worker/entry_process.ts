/**
 * What runs in a process of a pool.
 * @module
 */
import { serveProcess } from "./runtime/serve_process.ts";

serveProcess();
