import { readdir, readFile } from 'node:fs/promises';

export interface ProcessUsage {
  /** user and system time of all threads since the start, µs */
  cpuMicros: number;
  /** resident memory, bytes */
  rssBytes: number;
}

/** Linux counts CPU time for user space in hundredths of a second, on every architecture that Node runs on. */
const MICROS_PER_TICK = 10_000;

/**
 * CPU time and memory of a process and its children, whatever they are written in.
 * @throws Error when the process has ended, or without Linux's /proc
 */
export async function usageOf(pid: number): Promise<ProcessUsage> {
  const children = await childrenByParent();
  const total: ProcessUsage = { cpuMicros: 0, rssBytes: 0 };
  const pids = [pid];
  for (const each of pids) {
    const own = await usageOfOne(each).catch((error: unknown) => {
      // A child may end while we read.
      if (each === pid) throw error;
      return { cpuMicros: 0, rssBytes: 0 };
    });
    total.cpuMicros += own.cpuMicros;
    total.rssBytes += own.rssBytes;
    pids.push(...(children.get(each) ?? []));
  }
  return total;
}

async function usageOfOne(pid: number): Promise<ProcessUsage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  return {
    cpuMicros: cpuTicks(stat) * MICROS_PER_TICK,
    rssBytes: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024,
  };
}

/** Own time and that of children that have ended. @param stat the text of /proc/PID/stat */
export function cpuTicks(stat: string): number {
  // utime, stime, cutime and cstime are the fields 14 to 17.
  return fields(stat)
    .slice(11, 15)
    .reduce((sum, ticks) => sum + Number(ticks), 0);
}

async function childrenByParent(): Promise<Map<number, number[]>> {
  const children = new Map<number, number[]>();
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    const parent = Number(fields(stat)[1] ?? 0);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** From field 3 on: field 2 is the program's name in brackets, which may hold spaces and brackets. */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
