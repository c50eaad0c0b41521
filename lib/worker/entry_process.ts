/**
 * What runs in a process of a pool.
 * @module
 */
import { serveProcess } from "./side/serve_process.ts";

serveProcess();
