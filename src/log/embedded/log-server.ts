import { ServiceError, toError } from '../../base/errors.ts';
import { Database } from '../../base/sqlite.ts';
import { asBuffer, encodeBatch } from './frames.ts';
import { LogFile } from './log-file.ts';
import type { Call, Fetched, FromThread, LogCalls, OpenOptions, PartitionState, Reply } from './protocol.ts';

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
  #opened: LogFile | undefined;
  #problem: string | undefined;
  #appendedSinceMaintenance = 0;
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
    try {
      const reply = (this[method] as (...args: unknown[]) => Reply).apply(this, args);
      this.#post({ kind: 'done', call, reply }, buffersOf(reply));
    } catch (thrown) {
      const error = logFailure(thrown, this.#options.file);
      if (method === 'append' || method === 'commit') this.#noteProblem(error);
      this.#post({ kind: 'failed', call, code: error.code, message: error.message }, []);
    }
  }

  open(): void {
    this.#opened = new LogFile(this.#options);
    this.#scheduleMaintenance(false);
  }

  append(topics: string[], frames: Uint8Array): Float64Array<ArrayBuffer> {
    if (this.#problem !== undefined) this.#verifyWritable();
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

  commit(topic: string, nextOffsets: Map<number, number>): void {
    this.#file.commit(topic, nextOffsets);
  }

  find(topic: string, key: string): Uint8Array<ArrayBuffer> {
    const found = this.#file.find(topic, key);
    return encodeBatch(found === undefined ? [] : [found]);
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
    try {
      if (this.#problem !== undefined) this.#verifyWritable();
      // Delete up to twice as many records as were appended since the last step, so that deleting always catches up.
      const budget = Math.max(DELETE_RECORDS, 2 * this.#appendedSinceMaintenance);
      this.#appendedSinceMaintenance = 0;
      return this.#file.deleteDue(Date.now() - this.#options.retentionMs, budget) >= budget;
    } catch (thrown) {
      this.#noteProblem(logFailure(thrown, this.#options.file));
      return false;
    }
  }

  #verifyWritable(): void {
    this.#file.verifyWritable();
    this.#setProblem(undefined);
  }

  /** Ignores a full log: it accepts records again once it has room. */
  #noteProblem({ code, message }: ServiceError): void {
    if (code === 'log-unavailable') this.#setProblem(message);
  }

  #setProblem(problem: string | undefined): void {
    this.#problem = problem;
    this.#post({ kind: 'health', problem }, []);
  }
}

/** The buffers of a reply, to be transferred instead of copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (reply instanceof Float64Array || reply instanceof Uint8Array) return [reply.buffer];
  return reply !== undefined && 'batch' in reply ? [reply.batch.buffer] : [];
}

function logFailure(thrown: unknown, file: string): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const cause = toError(thrown);
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  if (code === 'SQLITE_FULL') {
    const detail = `The event log ${file} cannot grow: the disk is full or the log has reached its size limit. Free disk space, or let the consumers catch up.`;
    return new ServiceError('log-full', detail, { cause });
  }
  const detail = code.startsWith('SQLITE_BUSY')
    ? `The event log ${file} is in use by another process. Stop that process, or use another data directory.`
    : `The event log ${file} cannot be used: ${cause.message.replace(/\.$/, '')}.`;
  return new ServiceError('log-unavailable', detail, { cause });
}
