/**
 * What runs in a process of a pool.
 * @module
 */
import "../../core/hidden_rejections.ts";
import { serveProcess } from "./serve_process.ts";

serveProcess();
