import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** This file runs as dist/tools/support/stepped-clock.js. */
const WAITS_SOURCE = fileURLToPath(new URL('../../../tools/support/clock-waits.c', import.meta.url));

export const LIBFAKETIME_MISSING =
  'The clock of a service is stepped with libfaketime. Install it: apt-get install libfaketime.';

/**
 * A wall clock for processes under test that can be stepped while they run (libfaketime, preloaded). Monotonic time is left
 * alone. Give `environment` to each process, for example to `ServiceProcess.start`; they all see the same steps, also after
 * a restart.
 */
export class SteppedClock {
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: string;
  #offsetMs = 0;

  private constructor(file: string, libraries: readonly string[], cacheSeconds: number) {
    this.#file = file;
    this.environment = {
      LD_PRELOAD: libraries.join(':'),
      FAKETIME_TIMESTAMP_FILE: file,
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
      ...(cacheSeconds === 0
        ? { FAKETIME_NO_CACHE: '1' }
        : { FAKETIME_CACHE_DURATION: String(cacheSeconds) }),
    };
  }

  /**
   * @param folder an existing folder for the file that says how far the clock is off, and for a compiled library
   * @param options.cacheSeconds how long a process may take to see a step. 0: it sees the step at once, but each reading of
   *   the clock costs 20 µs, so do not measure throughput with it.
   * @throws Error if libfaketime is not installed
   */
  static async create(folder: string, { cacheSeconds = 0 } = {}): Promise<SteppedClock> {
    const library = libraryPath();
    if (library === undefined) throw new Error(LIBFAKETIME_MISSING);
    const waits = join(folder, 'clock-waits.so');
    await run('cc', ['-shared', '-fPIC', '-O1', '-o', waits, WAITS_SOURCE, '-pthread']);
    const clock = new SteppedClock(join(folder, 'clock-offset'), [library, waits], cacheSeconds);
    await clock.#write();
    return clock;
  }

  /** How far the stepped clock is ahead of the real one, in milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** The stepped time, milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#offsetMs;
  }

  /** Sets the clock forward, or back if negative. */
  async step(milliseconds: number): Promise<void> {
    this.#offsetMs += milliseconds;
    await this.#write();
  }

  /** Renames a complete file into place, because a process may read it at any moment. */
  async #write(): Promise<void> {
    const sign = this.#offsetMs < 0 ? '' : '+';
    await writeFile(`${this.#file}.new`, `${sign}${this.#offsetMs / 1_000}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }
}

/** The thread-safe variant, where Debian's package puts it. */
function libraryPath(): string | undefined {
  const root = '/usr/lib';
  return readdirSync(root)
    .map((folder) => join(root, folder, 'faketime', 'libfaketimeMT.so.1'))
    .find((path) => existsSync(path));
}
