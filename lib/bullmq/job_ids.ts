/**
 * Names of jobs on the queue:
 *
 * ```text
 * c-<submitter>-<order>           a call
 * m-<submitter>-<map>-<order>     a chunk of a map
 * k-<function>/<key>              a call with a key, whoever submits it
 * ```
 *
 * A job that is added once more gets `~1`, `~2` … behind that. BullMQ allows neither numbers nor ":".
 */

/** The name of a call. */
export function callId(submitter: string, order: number): string {
  return `c-${submitter}-${order}`;
}

/** What the names of all chunks of a map begin with. */
export function mapId(submitter: string, map: number): string {
  return `m-${submitter}-${map}`;
}

/** The name of a chunk. */
export function chunkId(map: string, order: number): string {
  return `${map}-${order}`;
}

/** The name of a call with a key. */
export function keyedId(fn: string, key: string): string {
  return `k-${encodeURIComponent(fn)}/${encodeURIComponent(key)}`;
}

/** Whether it is the name of a call with a key. */
export function isKeyed(id: string): boolean {
  return id.startsWith("k-");
}

/** The name of the same job when it is added once more. */
export function nextId(id: string): string {
  const [first, times = "0"] = id.split("~");
  return `${first}~${Number(times) + 1}`;
}

/** Which map a chunk is of, and which order it has; `undefined` if it is no chunk. */
export function mapOf(id: string): { map: string; order: number } | undefined {
  if (!id.startsWith("m-")) return undefined;
  const at = id.lastIndexOf("-");
  const order = Number.parseInt(id.slice(at + 1));
  return Number.isNaN(order) ? undefined : { map: id.slice(0, at), order };
}
