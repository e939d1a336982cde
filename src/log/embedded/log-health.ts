import type { ServiceError } from '../../base/errors.ts';
import { logFailure } from './failures.ts';

/** What is wrong with the log file, and whether it may be written. */
export class LogHealth {
  readonly #report: (problem: string | undefined) => void;
  #problem: ServiceError | undefined;
  #mustRecover = false;
  #retentionProblem: string | undefined;
  #reported: string | undefined;

  /** @param report called when the problem changes; undefined if there is none any more */
  constructor(report: (problem: string | undefined) => void) {
    this.#report = report;
  }

  /** Why a write failed; undefined again when the disk has proved that it accepts writes. */
  get problem(): ServiceError | undefined {
    return this.#problem;
  }

  /** After an error of the disk: nothing may be written until `LogFile.recover` succeeds. */
  get mustRecover(): boolean {
    return this.#mustRecover;
  }

  /** @throws the problem while `mustRecover` */
  refuseAfterDiskError(): void {
    if (this.#mustRecover && this.#problem !== undefined) throw this.#problem;
  }

  /** Notes why a write failed. Appends go on while the disk is full: each one fits, or fails as a whole. */
  noteProblem(error: ServiceError): void {
    if (error === this.#problem) return;
    // `log-timeout` is about one append; the log as a whole is unavailable.
    const problem = error.code === 'log-timeout' ? logFailure(error.cause) : error;
    if (problem.code !== 'log-full') this.#mustRecover = true;
    this.#problem = problem;
    this.#reportChange();
  }

  /** Notes that the disk has proved that it accepts writes. */
  noteRecovery(): void {
    this.#mustRecover = false;
    this.#problem = undefined;
    this.#reportChange();
  }

  /** Notes why old records cannot be deleted although the disk works; undefined if they can. */
  noteRetention(problem: string | undefined): void {
    this.#retentionProblem = problem;
    this.#reportChange();
  }

  #reportChange(): void {
    const problem = this.#problem?.message ?? this.#retentionProblem;
    if (problem === this.#reported) return;
    this.#reported = problem;
    this.#report(problem);
  }
}
