import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of a SQLite database that belong together; the process that uses them must be stopped or frozen. */
export class DatabaseFiles {
  readonly #folder: string;
  readonly #name: string;
  readonly #copies: string;

  /** @param copies folder for copies */
  constructor(folder: string, name: string, copies: string) {
    this.#folder = folder;
    this.#name = name;
    this.#copies = copies;
  }

  /** Copies the files. @returns the folder of the copy */
  async copy(): Promise<string> {
    await mkdir(this.#copies, { recursive: true });
    const copy = await mkdtemp(join(this.#copies, `${this.#name}-`));
    for (const file of await this.#filesIn(this.#folder))
      await cp(join(this.#folder, file), join(copy, file));
    return copy;
  }

  /** Replaces the files. @param from folder of a copy */
  async replace(from: string): Promise<void> {
    for (const file of await this.#filesIn(this.#folder)) await rm(join(this.#folder, file));
    for (const file of await this.#filesIn(from)) await cp(join(from, file), join(this.#folder, file));
  }

  /** The database, its write-ahead log and its shared memory. */
  async #filesIn(folder: string): Promise<string[]> {
    return (await readdir(folder)).filter((file) => file.startsWith(this.#name));
  }
}
