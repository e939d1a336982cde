import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { pause } from './abort.ts';
import type { Fault } from './fault.ts';

const run = promisify(execFile);

const MEBIBYTE = 1024 * 1024;

/** A write between measuring and resizing makes the resize fail: measure again. */
const MAX_TRIES = 50;

/** A tmpfs small enough to fill. */
export class SmallDisk {
  readonly folder: string;
  readonly #size: number;

  private constructor(folder: string, size: number) {
    this.folder = folder;
    this.#size = size;
  }

  /** @throws Error where mounting is not allowed */
  static async mount(folder: string, mebibytes: number): Promise<SmallDisk> {
    const size = mebibytes * MEBIBYTE;
    await mkdir(folder, { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', folder]);
    return new SmallDisk(folder, size);
  }

  /** Leaves no free page, by shrinking the disk to what is on it: writing filler would cost memory. */
  async fill(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const { blocks, bfree, bsize } = await statfs(this.folder);
      // A size of 0 means no limit.
      const used = Math.max(1, blocks - bfree) * bsize;
      try {
        await this.#resize(used);
        return;
      } catch (error) {
        if (tries === MAX_TRIES) throw error;
      }
    }
  }

  async free(): Promise<void> {
    await this.#resize(this.#size);
  }

  async unmount(): Promise<void> {
    await run('umount', [this.folder]);
  }

  async #resize(bytes: number): Promise<void> {
    await run('mount', ['-o', `remount,size=${bytes}`, this.folder]);
  }
}

export function fullDiskFault(kind: 'fill-store-disk' | 'fill-log-disk', disk: SmallDisk): Fault {
  return {
    kind,
    async inject({ durationMs }, signal) {
      try {
        await disk.fill();
        await pause(durationMs, signal);
      } finally {
        await disk.free();
      }
    },
  };
}
