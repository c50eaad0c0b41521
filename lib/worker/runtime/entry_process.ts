/**
 * What runs in a process of a pool.
 * @module
 */
import { serveProcess } from "./serve_process.ts";

serveProcess();
