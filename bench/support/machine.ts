/** What the figures were taken on. */
export interface Machine {
  cpu: string;
  cores: number;
  memory: string;
  system: string;
  deno: string;
  v8: string;
  date: string;
}

/** Read it from the running system. */
export async function readMachine(): Promise<Machine> {
  return {
    cpu: await cpuModel(),
    cores: navigator.hardwareConcurrency,
    memory: `${(Deno.systemMemoryInfo().total / 2 ** 30).toFixed(0)} GB`,
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    date: new Date().toISOString().slice(0, 10),
  };
}

async function cpuModel(): Promise<string> {
  try {
    const text = await Deno.readTextFile("/proc/cpuinfo");
    return /^model name\s*:\s*(.+)$/m.exec(text)?.[1] ?? "unknown";
  } catch {
    // Not Linux: its name is of no weight.
    return "unknown";
  }
}
