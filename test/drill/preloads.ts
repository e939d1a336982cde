import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DISK_FAULTS_MISSING, DiskFaults } from '../../tools/support/disk-faults.ts';
import { SteppedClock } from '../../tools/support/stepped-clock.ts';
import type { FaultKind } from './fault-kinds.ts';

export interface PreloadParts {
  folder: string;
  /** of the services */
  names: readonly string[];
  /** gets a line for each fault that this machine does not allow */
  skipped: string[];
}

/** What is preloaded into services: a clock of its own for each, and a disk for all. Only what planned faults need. */
export class Preloads {
  readonly disk: DiskFaults | undefined;
  readonly #clocks: ReadonlyMap<string, SteppedClock>;

  private constructor(clocks: ReadonlyMap<string, SteppedClock>, disk: DiskFaults | undefined) {
    this.#clocks = clocks;
    this.disk = disk;
  }

  static async prepare(
    faults: readonly FaultKind[],
    { folder, names, skipped }: PreloadParts,
  ): Promise<Preloads> {
    const attempt = async <T>(what: string, work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (error) {
        skipped.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    };
    const disk = faults.includes('fail-fsync')
      ? await attempt('failing fsync', async () => {
          if (DISK_FAULTS_MISSING !== undefined) throw new Error(DISK_FAULTS_MISSING);
          return DiskFaults.create(await folderFor(folder, 'disk-faults'));
        })
      : undefined;
    const clocks = faults.includes('step-clock')
      ? await attempt('clock steps', async () => {
          const created = names.map(async (name) => {
            return [name, await SteppedClock.create(await folderFor(folder, `clock-${name}`))] as const;
          });
          return new Map(await Promise.all(created));
        })
      : undefined;
    return new Preloads(clocks ?? new Map(), disk);
  }

  of(name: string): { clock: SteppedClock | undefined; preload: Record<string, string> } {
    const clock = this.#clocks.get(name);
    const libraries = [clock, this.disk].flatMap((one) => one?.environment.LD_PRELOAD ?? []);
    const preload = { ...clock?.environment, ...this.disk?.environment };
    if (libraries.length > 0) preload.LD_PRELOAD = libraries.join(':');
    return { clock, preload };
  }

  async close(): Promise<void> {
    this.disk?.close();
  }
}

async function folderFor(parent: string, name: string): Promise<string> {
  const folder = join(parent, name);
  await mkdir(folder);
  return folder;
}
