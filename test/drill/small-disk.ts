import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const MEBIBYTE = 1024 * 1024;

/** What is written between the measure and the change makes the change impossible: measure again. */
const MAX_TRIES = 50;

/** A file system of its own in memory, so small that it can be filled. */
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

  /** Leaves no free page: the disk becomes as small as what is on it, which takes no memory. */
  async fill(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const { blocks, bfree, bsize } = await statfs(this.folder);
      // A size of 0 is no bound at all.
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
