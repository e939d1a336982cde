import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** This file runs as dist/tools/support/disk-faults.js. */
const SOURCE = fileURLToPath(new URL('../../../tools/support/disk-faults.c', import.meta.url));

/** As in disk-faults.c. */
const RULES_BYTES = 4096;

export interface DiskFault {
  /** sync: fsync and fdatasync; write: write and pwrite */
  call: 'sync' | 'write';
  error: 'EIO' | 'ENOSPC' | 'EDQUOT' | 'EROFS';
  /** the end of the path of the files or folders, such as `/log.db-wal` */
  pathEnd: string;
}

export interface SyncCall {
  call: 'fsync' | 'fdatasync';
  ok: boolean;
  path: string;
}

/** Why `DiskFaults` does not work here; undefined when it does. */
export const DISK_FAULTS_MISSING =
  process.platform === 'linux'
    ? undefined
    : 'Faults of the disk are injected with LD_PRELOAD, on Linux only.';

/**
 * Real errors of the disk for a process that is started with `environment`: a small library, compiled by the C compiler
 * that native modules need anyway, stands between the process and the C library. Faults can be switched while it runs.
 */
export class DiskFaults {
  /** for the process under test */
  readonly environment: Readonly<Record<string, string>>;
  readonly #rules: number;
  readonly #record: string;

  private constructor(library: string, rules: string, record: string) {
    this.environment = { LD_PRELOAD: library, DISK_FAULTS_RULES: rules, DISK_FAULTS_RECORD: record };
    // Never truncated: the process has it mapped.
    this.#rules = openSync(rules, 'r+');
    this.#record = record;
    this.clear();
  }

  /** @param folder for the library, the rules and the record; keep it until the process has ended */
  static async create(folder: string): Promise<DiskFaults> {
    const library = join(folder, 'disk-faults.so');
    await run('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl']);
    const record = join(folder, 'disk-faults-record');
    const rules = join(folder, 'disk-faults-rules');
    for (const path of [record, rules]) closeSync(openSync(path, 'a'));
    return new DiskFaults(library, rules, record);
  }

  /** For a process that was started with `environment` and switches its own faults. */
  static ofThisProcess(): DiskFaults {
    const { LD_PRELOAD = '', DISK_FAULTS_RULES = '', DISK_FAULTS_RECORD = '' } = process.env;
    return new DiskFaults(LD_PRELOAD, DISK_FAULTS_RULES, DISK_FAULTS_RECORD);
  }

  /** From now on these calls fail, and no others. */
  set(...faults: DiskFault[]): void {
    const lines = faults.map(({ call, error, pathEnd }) => `${call} ${constants.errno[error]} ${pathEnd}\n`);
    const bytes = Buffer.alloc(RULES_BYTES);
    if (bytes.write(lines.join('')) >= RULES_BYTES) throw new Error('Too many faults for one page.');
    // The process has the file mapped, so it sees the rules at once.
    writeSync(this.#rules, bytes, 0, RULES_BYTES, 0);
  }

  clear(): void {
    this.set();
  }

  /** All syncs so far, oldest first. */
  syncs(): SyncCall[] {
    const lines = readFileSync(this.#record, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => {
      const [call = '', outcome, ...path] = line.split(' ');
      return { call: call as SyncCall['call'], ok: outcome === 'ok', path: path.join(' ') };
    });
  }

  close(): void {
    closeSync(this.#rules);
  }
}
