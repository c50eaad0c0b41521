/**
 * What runs in a process of a pool.
 * @module
 */
import { hideFromListeners } from "../../base/hide_from_listeners.ts";
import { isDelivered, isHeardLate } from "../../core/cancellation.ts";
import { serveProcess } from "./serve_process.ts";

hideFromListeners(isDelivered, isHeardLate);
serveProcess();
