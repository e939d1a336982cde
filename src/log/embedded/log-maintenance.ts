import { toError } from '../../base/errors.ts';
import { isDiskFailure, logFailure } from './failures.ts';
import type { LogFile } from './log-file.ts';
import type { LogHealth } from './log-health.ts';
import type { CorruptRecords } from './protocol.ts';
import { RetentionTime } from '../../base/retention-time.ts';

/** Small enough that a step takes only a few milliseconds. */
const DELETE_RECORDS = 500;
const MIN_INTERVAL_MS = 50;
const MAX_INTERVAL_MS = 1000;

export interface LogMaintenanceOptions {
  /** consumed records older than this are deleted */
  retentionMs: number;
  file: () => LogFile;
  health: LogHealth;
  /** called for records that were corrupt, after they are deleted */
  onCorrupt: (records: CorruptRecords) => void;
}

/** The work of the log thread between calls: deletes old records, and recovers from I/O errors. */
export class LogMaintenance {
  readonly #options: LogMaintenanceOptions;
  readonly #intervalMs: number;
  readonly #retentionTime = new RetentionTime();
  #appendedSinceLast = 0;
  #retentionHolds = 0;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(options: LogMaintenanceOptions) {
    this.#options = options;
    this.#intervalMs = Math.min(Math.max(options.retentionMs / 4, MIN_INTERVAL_MS), MAX_INTERVAL_MS);
  }

  /** Call it when the file is open. */
  start(): void {
    this.#schedule(false);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
  }

  noteAppended(records: number): void {
    this.#appendedSinceLast += records;
  }

  /** Keeps all records until the matching `releaseRetention`. Holds add up. */
  holdRetention(): void {
    this.#retentionHolds++;
  }

  releaseRetention(): void {
    this.#retentionHolds--;
  }

  /** @param isBehind if true, run in the next turn of the event loop (calls can run in between); otherwise after the interval */
  #schedule(isBehind: boolean): void {
    const run = () => this.#schedule(this.#maintain());
    if (isBehind) this.#immediate = setImmediate(run);
    else this.#timer = setTimeout(run, this.#intervalMs);
  }

  /** @returns whether more records are due for deletion */
  #maintain(): boolean {
    const { health } = this.#options;
    if (health.problem !== undefined) this.#recover();
    if (health.mustRecover) return false;
    try {
      return this.#deleteDue();
    } catch (thrown) {
      health.noteProblem(logFailure(thrown));
      return false;
    }
  }

  #recover(): void {
    const { file, health } = this.#options;
    try {
      if (health.mustRecover) file().recover();
      else file().verifyWritable();
      health.noteRecovery();
    } catch (thrown) {
      const error = logFailure(thrown);
      // If the disk still fails, the first error remains the reason.
      if (isDiskFailure(thrown) && error.code === health.problem?.code) return;
      health.noteProblem(error);
    }
  }

  #deleteDue(): boolean {
    const { retentionMs, file, health, onCorrupt } = this.#options;
    // Delete up to twice as many records as were appended since the last step, so that deleting always catches up.
    const budget = Math.max(DELETE_RECORDS, 2 * this.#appendedSinceLast);
    this.#appendedSinceLast = 0;
    if (this.#retentionHolds > 0) return false;
    const cutoff = this.#retentionTime.now() - retentionMs;
    try {
      const isBehind = file().deleteDue(cutoff, budget, onCorrupt, Date.now()) >= budget;
      health.noteRetention(undefined);
      return isBehind;
    } catch (thrown) {
      if (isDiskFailure(thrown)) throw thrown;
      // The file is damaged, but the disk works: appends may go on.
      health.noteRetention(`The event log cannot delete old records: ${toError(thrown).message}.`);
      return false;
    }
  }
}
