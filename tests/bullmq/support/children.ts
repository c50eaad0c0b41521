import { RunningProcess } from "../../support/running_process.ts";
import type { RedisServer } from "./redis_server.ts";

const TESTS = new URL("../../", import.meta.url);

/** A program of the fixtures, in a process of its own. */
class Child extends RunningProcess {
  constructor(file: string, args: string[]) {
    const flags = ["run", "-A", "--no-check", `--import-map=${TESTS.pathname}import_map.json`];
    super([...flags, `${TESTS.pathname}bullmq/fixtures/${file}`, ...args]);
  }

  /** Wait until it has printed a line. */
  async says(line: string): Promise<void> {
    await this.finds((read) => read.split("\n").includes(line) || undefined);
  }

  /** End it at once, as a machine is lost. */
  async lose(): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }
}

/** Start a server in a process of its own, and wait until it is ready. */
export async function startServer(redis: RedisServer, options: object = {}): Promise<Child> {
  const child = new Child("server.ts", [`${redis.port}`, JSON.stringify(options)]);
  await child.says("ready");
  return child;
}

/** Start a submitter in a process of its own, and wait until its calls are on the queue. */
export async function startSubmitter(redis: RedisServer, file: string): Promise<Child> {
  const child = new Child("submitter.ts", [`${redis.port}`, file]);
  await child.says("added");
  return child;
}

/** Start a program that has made an executor, and nothing else that would hold it. */
export function startHolder(redis: RedisServer): Child {
  return new Child("holder.ts", [`${redis.port}`]);
}
