import { ServiceError, toError } from '../../base/errors.ts';
import { isDiskFailure, logFailure } from './failures.ts';
import { asBuffer, encodeBatch } from './frames.ts';
import { LogFile } from './log-file.ts';
import { RetentionTime } from './retention-time.ts';
import type {
  Call,
  CorruptRecords,
  Fetched,
  FromThread,
  LogCalls,
  Method,
  OpenOptions,
  PartitionState,
  Reply,
} from './protocol.ts';

/** Limits of one fetch; its last chunk may exceed them. */
const FETCH_LIMITS = { records: 1000, bytes: 1_048_576 };
/** Small enough that a maintenance step takes only a few milliseconds. */
const DELETE_RECORDS = 500;
const MIN_MAINTENANCE_INTERVAL_MS = 50;
const MAX_MAINTENANCE_INTERVAL_MS = 1000;

/** Serves calls on the log file and maintains it: retention, and recovery from I/O errors. */
export class LogServer implements LogCalls {
  readonly #options: OpenOptions;
  readonly #post: (message: FromThread, transfer: ArrayBuffer[]) => void;
  readonly #maintenanceIntervalMs: number;
  readonly #retentionTime = new RetentionTime();
  #opened: LogFile | undefined;
  /** why a write failed; undefined again when the disk has proved that it accepts writes */
  #problem: ServiceError | undefined;
  /** after an error of the disk: nothing may be written until `recover` */
  #mustRecover = false;
  #retentionProblem: string | undefined;
  #reported: string | undefined;
  #appendedSinceMaintenance = 0;
  #retentionHolds = 0;
  #isBackupStopped = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  constructor(options: OpenOptions, post: (message: FromThread, transfer: ArrayBuffer[]) => void) {
    this.#options = options;
    this.#post = post;
    this.#maintenanceIntervalMs = Math.min(
      Math.max(options.retentionMs / 4, MIN_MAINTENANCE_INTERVAL_MS),
      MAX_MAINTENANCE_INTERVAL_MS,
    );
  }

  receive({ call, method, args }: Call): void {
    const done = (reply: Reply) => this.#post({ kind: 'done', call, reply }, buffersOf(reply));
    const failed = (thrown: unknown) => {
      const error = method === 'open' ? this.#startFailure(thrown) : logFailure(thrown);
      if (isWrite(method)) this.#noteProblem(error);
      this.#post({ kind: 'failed', call, code: error.code, message: error.message }, []);
    };
    try {
      const reply = (this[method] as (...args: unknown[]) => Reply | Promise<void>).apply(this, args);
      if (reply instanceof Promise) reply.then(done, failed);
      else done(reply);
    } catch (thrown) {
      failed(thrown);
    }
    if (isWrite(method)) this.#checkpoint();
  }

  open(): string {
    this.#opened = new LogFile(this.#options);
    this.#scheduleMaintenance(false);
    return this.#opened.identity();
  }

  append(topics: string[], frames: Uint8Array): Float64Array<ArrayBuffer> {
    this.#refuseAfterDiskError();
    const positions = this.#file.append(topics, asBuffer(frames), Date.now());
    this.#appendedSinceMaintenance += positions.length / 2;
    return positions;
  }

  fetch(topic: string, positions: Map<number, number>): Fetched {
    const batch = encodeBatch(this.#file.read(topic, positions, FETCH_LIMITS));
    return { batch, ends: this.#file.topic(topic).partitions.map(({ end }) => end) };
  }

  describe(topic: string): PartitionState[] {
    return this.#file.topic(topic).partitions;
  }

  consumeFrom(topic: string, positions: ReadonlyMap<number, number>): void {
    this.#file.consumeFrom(topic, positions);
  }

  commit(topic: string, nextOffsets: Map<number, number>): void {
    this.#refuseAfterDiskError();
    this.#file.commit(topic, nextOffsets);
  }

  find(topic: string, key: string): Uint8Array<ArrayBuffer> {
    const found = this.#file.find(topic, key);
    return encodeBatch(found === undefined ? [] : [found]);
  }

  recordsAt(topic: string, offsets: ReadonlyMap<number, number>): Uint8Array<ArrayBuffer> {
    const found = [...offsets].map(([partition, offset]) => this.#file.at(topic, partition, offset));
    return encodeBatch(found.filter((chunk) => chunk !== undefined));
  }

  moveForward(topic: string, nextOffsets: ReadonlyMap<number, number>): void {
    this.#refuseAfterDiskError();
    this.#file.moveForward(topic, nextOffsets);
  }

  holdRetention(): void {
    this.#retentionHolds++;
  }

  releaseRetention(): void {
    this.#retentionHolds--;
  }

  async backUp(file: string): Promise<void> {
    this.#isBackupStopped = false;
    try {
      await this.#file.backUp(file, (done, total) => {
        if (this.#isBackupStopped) throw new Error('it was stopped');
        this.#post({ kind: 'backup', done, total }, []);
      });
    } catch (cause) {
      const detail = `The event log could not be copied to ${file}: ${toError(cause).message}.`;
      throw new ServiceError('backup-failed', detail, { cause });
    }
  }

  stopBackup(): void {
    this.#isBackupStopped = true;
  }

  close(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#opened?.close();
  }

  get #file(): LogFile {
    if (this.#opened === undefined) throw new Error('The log file is not open.');
    return this.#opened;
  }

  /** @param isBehind if true, run in the next turn of the event loop (calls can run in between); otherwise after the interval */
  #scheduleMaintenance(isBehind: boolean): void {
    const run = () => this.#scheduleMaintenance(this.#maintain());
    if (isBehind) this.#immediate = setImmediate(run);
    else this.#timer = setTimeout(run, this.#maintenanceIntervalMs);
  }

  /** @returns whether more records are due for deletion */
  #maintain(): boolean {
    if (this.#problem !== undefined) this.#recover();
    if (this.#mustRecover) return false;
    try {
      return this.#deleteDue();
    } catch (thrown) {
      this.#noteProblem(logFailure(thrown));
      return false;
    }
  }

  #recover(): void {
    try {
      if (this.#mustRecover) this.#file.recover();
      else this.#file.verifyWritable();
      this.#mustRecover = false;
      this.#setProblem(undefined);
    } catch (thrown) {
      const error = logFailure(thrown);
      // If the disk still fails, the first error remains the reason.
      if (isDiskFailure(thrown) && error.code === this.#problem?.code) return;
      this.#noteProblem(error);
    }
  }

  #deleteDue(): boolean {
    // Delete up to twice as many records as were appended since the last step, so that deleting always catches up.
    const budget = Math.max(DELETE_RECORDS, 2 * this.#appendedSinceMaintenance);
    this.#appendedSinceMaintenance = 0;
    if (this.#retentionHolds > 0) return false;
    const cutoff = this.#retentionTime.now() - this.#options.retentionMs;
    const report = (records: CorruptRecords) => this.#post({ kind: 'corrupt', records }, []);
    try {
      const isBehind = this.#file.deleteDue(cutoff, budget, report, Date.now()) >= budget;
      this.#setRetentionProblem(undefined);
      return isBehind;
    } catch (thrown) {
      if (isDiskFailure(thrown)) throw thrown;
      // The file is damaged, but the disk works: appends may go on.
      this.#setRetentionProblem(`The event log cannot delete old records: ${toError(thrown).message}.`);
      return false;
    }
  }

  /** Runs after the answer, so that no caller waits for it. */
  #checkpoint(): void {
    if (this.#problem !== undefined) return;
    try {
      this.#opened?.checkpointIfLong();
    } catch (thrown) {
      this.#noteProblem(logFailure(thrown));
    }
  }

  #refuseAfterDiskError(): void {
    if (this.#mustRecover && this.#problem !== undefined) throw this.#problem;
  }

  /** Appends go on while the disk is full: each one fits, or fails as a whole. */
  #noteProblem(error: ServiceError): void {
    if (error === this.#problem) return;
    // `log-timeout` is about one append; the log as a whole is unavailable.
    const problem = error.code === 'log-timeout' ? logFailure(error.cause) : error;
    if (problem.code !== 'log-full') this.#mustRecover = true;
    this.#setProblem(problem);
  }

  #setProblem(problem: ServiceError | undefined): void {
    this.#problem = problem;
    this.#reportHealth();
  }

  #setRetentionProblem(problem: string | undefined): void {
    this.#retentionProblem = problem;
    this.#reportHealth();
  }

  #reportHealth(): void {
    const problem = this.#problem?.message ?? this.#retentionProblem;
    if (problem === this.#reported) return;
    this.#reported = problem;
    this.#post({ kind: 'health', problem }, []);
  }

  #startFailure(thrown: unknown): ServiceError {
    return logFailure(thrown, `The event log ${this.#options.file}`);
  }
}

function isWrite(method: Method): boolean {
  return method === 'append' || method === 'commit' || method === 'moveForward';
}

/** The buffers of a reply, to be transferred instead of copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply instanceof Float64Array || reply instanceof Uint8Array) return [reply.buffer];
  return typeof reply === 'object' && 'batch' in reply ? [reply.batch.buffer] : [];
}
