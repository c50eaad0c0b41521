// deno-lint-ignore-file no-import-prefix
/**
 * The libraries of others, each loaded only by those who compare with it: what one brings along
 * costs memory and time that nobody else shall pay.
 *
 * @module
 */

/** async-mutex. */
export const asyncMutex = () => import("npm:async-mutex@0.5.0");

/** async-sema. */
export const asyncSema = () => import("npm:async-sema@3.1.1");

/** comlink. */
export const comlink = () => import("npm:comlink@4.4.2");

/** echarts, which draws the charts. */
export const echarts = () => import("npm:echarts@6.1.0");

/** effect. */
export const effect = () => import("npm:effect@4.1.0");

export type { Fiber as EffectFiber } from "npm:effect@4.1.0";

/** effection. */
export const effection = () => import("npm:effection@4.1.1");

/** multithreading. */
export const multithreading = () => import("npm:multithreading@0.3.52");

/** p-limit. */
export const pLimit = async () => (await import("npm:p-limit@7.3.3")).default;

/** p-map. */
export const pMap = async () => (await import("npm:p-map@7.1.1")).default;

/** p-queue. */
export const pQueue = async () => (await import("npm:p-queue@10.0.0")).default;

/** piscina. */
export const piscina = () => import("npm:piscina@5.3.2");

/** poolifier-web-worker. */
export const poolifier = () => import("npm:poolifier-web-worker@0.5.15");

/** tinypool. */
export const tinypool = () => import("npm:tinypool@2.2.0");

/** workerpool. */
export const workerpool = async () => (await import("npm:workerpool@10.0.3")).default;
