/** The packages that callers hand in, as they are, for all tests of this folder. */
export * as bullmq from "npm:bullmq@6.7.0";
export { Redis } from "npm:ioredis@5.11.1";
