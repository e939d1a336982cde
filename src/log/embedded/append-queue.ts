import { EventEmitter, once } from 'node:events';
import { ServiceError, toError } from '../../base/errors.ts';
import type { Position } from '../../base/position.ts';
import { type OutgoingRecord, partitionUnknown, pendingLimit } from '../event-log.ts';
import { appendBytes } from './frames.ts';
import { NO_OFFSET } from './protocol.ts';

export interface AppendLimits {
  maxPendingRecords: number;
  maxPendingBytes: number;
  ackTimeoutMs: number;
}

/** Makes all records durable, or none. @returns what `LogCalls.append` returns */
type AppendGroup = (records: readonly OutgoingRecord[]) => Promise<Float64Array>;

interface PendingAppend extends OutgoingRecord {
  bytes: number;
  /** on the clock of performance.now() */
  deadline: number;
  settled: boolean;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/** Group commit: records that arrive while one group is being written form the next group. */
export class AppendQueue {
  readonly #limits: AppendLimits;
  readonly #appendGroup: AppendGroup;
  readonly #events = new EventEmitter<{ drained: [] }>();
  #collecting: PendingAppend[] = [];
  #writing: PendingAppend[] = [];
  /** bytes in `#collecting` and `#writing`; an expired append counts until its memory is free */
  #bytes = 0;
  #unsettled = 0;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: AppendLimits, appendGroup: AppendGroup) {
    this.#limits = limits;
    this.#appendGroup = appendGroup;
  }

  /** Appends that are neither acknowledged nor failed. */
  get pending(): number {
    return this.#unsettled;
  }

  get pendingBytes(): number {
    return this.#bytes;
  }

  append(record: OutgoingRecord): Promise<Position> {
    return new Promise((resolve, reject) => {
      const bytes = this.#admit(record);
      const { topic, key, value, headers, partition } = record;
      const deadline = performance.now() + this.#limits.ackTimeoutMs;
      const fields = { topic, key, value, headers, partition };
      this.#collecting.push({ ...fields, bytes, deadline, settled: false, resolve, reject });
      this.#bytes += bytes;
      this.#unsettled++;
      this.#timer ??= setTimeout(() => this.#expire(), this.#limits.ackTimeoutMs);
      if (this.#busy) return;
      this.#busy = true;
      // Records of the same turn of the event loop form one group.
      setImmediate(() => this.#writeNext());
    });
  }

  /** Resolves when no append is pending, at the latest after `ackTimeoutMs`. */
  async drain(): Promise<void> {
    if (this.#unsettled > 0) await once(this.#events, 'drained');
  }

  /** Invariant 9, for appends: at the limit they are refused. @throws ServiceError `log-full`, `record-too-large` */
  #admit(record: OutgoingRecord): number {
    const { maxPendingRecords, maxPendingBytes } = this.#limits;
    const bytes = appendBytes(record);
    if (bytes > maxPendingBytes) {
      const detail = `The record has ${bytes} bytes; the event log accepts at most ${maxPendingBytes}.`;
      throw new ServiceError('record-too-large', detail);
    }
    const records = this.#collecting.length + this.#writing.length;
    if (records >= pendingLimit(record.topic, maxPendingRecords) || this.#bytes + bytes > maxPendingBytes) {
      const detail = `The event log is still writing ${records} records of ${this.#bytes} bytes. Try again in a second.`;
      throw new ServiceError('log-full', detail);
    }
    return bytes;
  }

  #writeNext(): void {
    const group = this.#collecting;
    this.#collecting = [];
    this.#writing = group;
    this.#busy = group.length > 0;
    if (!this.#busy) return;
    const settle = (outcomeOf: (index: number) => Position | Error) => {
      this.#bytes -= bytesOf(group);
      // Send the next group before settling this one, so that the log thread does not idle.
      this.#writeNext();
      for (const [index, append] of group.entries()) this.#settle(append, outcomeOf(index));
    };
    this.#appendGroup(group).then(
      (positions) => settle((index) => outcomeAt(positions, index, group)),
      (error: unknown) => settle(() => toError(error)),
    );
  }

  #expire(): void {
    const now = performance.now();
    const isLate = ({ deadline }: PendingAppend) => deadline <= now;
    const detail = `The event log did not acknowledge within ${this.#limits.ackTimeoutMs / 1000} s. The record may or may not be in it.`;
    const error = new ServiceError('log-timeout', detail);
    const late = [...this.#writing, ...this.#collecting].filter(isLate);
    this.#bytes -= bytesOf(this.#collecting.filter(isLate));
    this.#collecting = this.#collecting.filter((append) => !isLate(append));
    for (const append of late) this.#settle(append, error);
    const oldest = [...this.#writing, ...this.#collecting].find(({ settled }) => !settled);
    this.#timer = oldest && setTimeout(() => this.#expire(), oldest.deadline - now);
  }

  /** Does nothing when the append is already settled. */
  #settle(append: PendingAppend, outcome: Position | Error): void {
    if (append.settled) return;
    append.settled = true;
    if (outcome instanceof Error) append.reject(outcome);
    else append.resolve(outcome);
    if (--this.#unsettled > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#events.emit('drained');
  }
}

function outcomeAt(
  positions: Float64Array,
  index: number,
  group: readonly OutgoingRecord[],
): Position | ServiceError {
  const partition = positions[2 * index] as number;
  const offset = positions[2 * index + 1] as number;
  return offset === NO_OFFSET
    ? partitionUnknown(group[index]?.topic ?? '', partition)
    : { partition, offset };
}

function bytesOf(appends: readonly PendingAppend[]): number {
  return appends.reduce((sum, { bytes }) => sum + bytes, 0);
}
