import { ServiceError, toError } from '../../base/errors.ts';
import type { LogFileSize } from '../event-log.ts';
import { logFailure } from './failures.ts';
import { asBuffer, encodeBatch } from './frames.ts';
import { LogFile } from './log-file.ts';
import { LogHealth } from './log-health.ts';
import { LogMaintenance } from './log-maintenance.ts';
import type {
  Call,
  Fetched,
  FromThread,
  LogCalls,
  Method,
  OpenOptions,
  PartitionState,
  RedactedRecords,
  Redaction,
  Reply,
} from './protocol.ts';

/** Limits of one fetch; its last chunk may exceed them. */
const FETCH_LIMITS = { records: 1000, bytes: 1_048_576 };

/** Serves calls on the log file. After an error of the disk it refuses writes until the maintenance has recovered the file. */
export class LogServer implements LogCalls {
  readonly #options: OpenOptions;
  readonly #post: (message: FromThread, transfer: ArrayBuffer[]) => void;
  readonly #health: LogHealth;
  readonly #maintenance: LogMaintenance;
  #opened: LogFile | undefined;
  #isBackupStopped = false;

  constructor(options: OpenOptions, post: (message: FromThread, transfer: ArrayBuffer[]) => void) {
    this.#options = options;
    this.#post = post;
    this.#health = new LogHealth((problem) => post({ kind: 'health', problem }, []));
    this.#maintenance = new LogMaintenance({
      retentionMs: options.retentionMs,
      file: () => this.#file,
      health: this.#health,
      onCorrupt: (records) => post({ kind: 'corrupt', records }, []),
    });
  }

  receive({ call, method, args }: Call): void {
    const done = (reply: Reply) => this.#post({ kind: 'done', call, reply }, buffersOf(reply));
    const failed = (thrown: unknown) => {
      const error = method === 'open' ? this.#startFailure(thrown) : logFailure(thrown);
      if (isWrite(method)) this.#health.noteProblem(error);
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
    this.#maintenance.start();
    return this.#opened.identity();
  }

  append(topics: string[], frames: Uint8Array): Float64Array<ArrayBuffer> {
    this.#health.refuseAfterDiskError();
    const positions = this.#file.append(topics, asBuffer(frames), Date.now());
    this.#maintenance.noteAppended(positions.length / 2);
    return positions;
  }

  fetch(topic: string, positions: Map<number, number>): Fetched {
    const batch = encodeBatch(this.#file.read(topic, positions, FETCH_LIMITS));
    return { batch, ends: this.#file.topic(topic).partitions.map(({ end }) => end) };
  }

  describe(topic: string): PartitionState[] {
    return this.#file.topic(topic).partitions;
  }

  size(): LogFileSize {
    return this.#file.size();
  }

  consumeFrom(topic: string, positions: ReadonlyMap<number, number>): void {
    this.#file.consumeFrom(topic, positions);
  }

  commit(topic: string, nextOffsets: Map<number, number>): void {
    this.#health.refuseAfterDiskError();
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
    this.#health.refuseAfterDiskError();
    this.#file.moveForward(topic, nextOffsets);
  }

  redact(
    topic: string,
    partition: number,
    range: { from: number; to: number },
    redaction: Redaction,
  ): RedactedRecords {
    this.#health.refuseAfterDiskError();
    return this.#file.redact(topic, partition, range, redaction);
  }

  rewrite(): void {
    this.#health.refuseAfterDiskError();
    this.#file.rewrite();
  }

  holdRetention(): void {
    this.#maintenance.holdRetention();
  }

  releaseRetention(): void {
    this.#maintenance.releaseRetention();
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
    this.#maintenance.stop();
    this.#opened?.close();
  }

  get #file(): LogFile {
    if (this.#opened === undefined) throw new Error('The log file is not open.');
    return this.#opened;
  }

  /** Runs after the answer, so that no caller waits for it. */
  #checkpoint(): void {
    if (this.#health.problem !== undefined) return;
    try {
      this.#opened?.checkpointIfLong();
    } catch (thrown) {
      this.#health.noteProblem(logFailure(thrown));
    }
  }

  #startFailure(thrown: unknown): ServiceError {
    return logFailure(thrown, `The event log ${this.#options.file}`);
  }
}

function isWrite(method: Method): boolean {
  return ['append', 'commit', 'moveForward', 'redact'].includes(method);
}

/** The buffers of a reply, to be transferred instead of copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply instanceof Float64Array || reply instanceof Uint8Array) return [reply.buffer];
  return typeof reply === 'object' && 'batch' in reply ? [reply.batch.buffer] : [];
}
