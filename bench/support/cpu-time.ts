import { readFile } from 'node:fs/promises';
import type { MeasuredProcess } from './measured-process.ts';

/** Linux counts CPU time in hundredths of a second. */
const MICROS_PER_TICK = 10_000;

/** User and system time in µs. Of several processes, the measured one is the supervisor; the others are in the metrics. */
export async function cpuOf(service: MeasuredProcess): Promise<number> {
  const { cpuMicros } = await service.usage();
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  const others = [...metrics.matchAll(/^process_cpu_seconds_total\{process="\d+"\} (\S+)$/gm)];
  return others.reduce((sum, [, seconds]) => sum + Number(seconds) * 1_000_000, cpuMicros);
}

/** In µs, from Linux's /proc; 0 elsewhere. */
export async function cpuOfPid(pid: number): Promise<number> {
  if (process.platform !== 'linux') return 0;
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}

/** Of this process, in µs. */
export function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
