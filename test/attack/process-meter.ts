import { readFileSync, writeFileSync } from 'node:fs';

/** The kernel counts CPU time in these, on every Linux. */
const TICK_MS = 10;

/** CPU time and memory of processes, as the kernel counts them (Linux). A process that is gone counts as 0. */
export class ProcessMeter {
  readonly #pids: readonly number[];

  constructor(pids: readonly number[]) {
    this.#pids = pids;
  }

  /** User and system time of all threads of all processes since their start, ms. */
  cpuMs(): number {
    return this.#pids.reduce((total, pid) => total + cpuMsOf(pid), 0);
  }

  /** Begins a new peak: the present memory. */
  resetPeak(): void {
    // 5 resets VmHWM, see proc(5).
    for (const pid of this.#pids) ifPresent(() => writeFileSync(`/proc/${pid}/clear_refs`, '5'), undefined);
  }

  /** The largest resident memory of one process since `resetPeak`, MiB. */
  peakMiB(): number {
    return Math.max(0, ...this.#pids.map(peakMiBOf));
  }
}

function cpuMsOf(pid: number): number {
  return ifPresent(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name before the last bracket may contain spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  }, 0);
}

function peakMiBOf(pid: number): number {
  return ifPresent(() => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) / 1_024;
  }, 0);
}

function ifPresent<T>(read: () => T, absent: T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return absent;
    throw error;
  }
}
