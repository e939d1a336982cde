import { ServiceError, toError } from '../../base/errors.ts';
import type { Position } from '../../base/position.ts';
import type { OutgoingRecord } from '../event-log.ts';
import { pendingLimit } from '../pending-limit.ts';
import { encodeAppends, frameBytes } from './frames.ts';

export interface AppendLimits {
  maxPendingRecords: number;
  maxPendingBytes: number;
  ackTimeoutMs: number;
}

/** Makes a group durable as one, or nothing of it; answers partition and offset of every record, alternating. */
export type AppendGroup = (topics: string[], frames: Buffer<ArrayBuffer>) => Promise<Float64Array>;

interface PendingAppend extends OutgoingRecord {
  bytes: number;
  /** of performance.now() */
  deadline: number;
  settled: boolean;
  resolve: (position: Position) => void;
  reject: (error: Error) => void;
}

/**
 * Group commit: everything that comes while a group is being written is the next group. A record that comes alone
 * waits for the end of the event loop's turn only.
 */
export class AppendQueue {
  readonly #limits: AppendLimits;
  readonly #appendGroup: AppendGroup;
  #collecting: PendingAppend[] = [];
  #writing: PendingAppend[] = [];
  /** of both, as long as they hold memory */
  #bytes = 0;
  #unsettled = 0;
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #drained: (() => void)[] = [];

  constructor(limits: AppendLimits, appendGroup: AppendGroup) {
    this.#limits = limits;
    this.#appendGroup = appendGroup;
  }

  /** Records appended and not yet acknowledged or given up. */
  get pending(): number {
    return this.#unsettled;
  }

  append(record: OutgoingRecord): Promise<Position> {
    return new Promise((resolve, reject) => {
      const bytes = this.#admit(record);
      const { topic, key, value, headers } = record;
      const deadline = performance.now() + this.#limits.ackTimeoutMs;
      this.#collecting.push({ topic, key, value, headers, bytes, deadline, settled: false, resolve, reject });
      this.#bytes += bytes;
      this.#unsettled++;
      this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#limits.ackTimeoutMs);
      if (this.#busy) return;
      this.#busy = true;
      setImmediate(() => this.#writeNext());
    });
  }

  /** Resolves when everything is acknowledged or given up, which the deadlines bound. */
  async drain(): Promise<void> {
    if (this.#unsettled > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
  }

  /** Gives up what is not being written yet. */
  abandon(error: Error): void {
    for (const append of this.#collecting) this.#fail(append, error);
    this.#bytes -= bytesOf(this.#collecting);
    this.#collecting = [];
  }

  #admit(record: OutgoingRecord): number {
    const { maxPendingRecords, maxPendingBytes } = this.#limits;
    const bytes = frameBytes(record);
    if (bytes > maxPendingBytes) {
      const detail = `A record of ${bytes} bytes is larger than the ${maxPendingBytes} bytes the event log takes.`;
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
    // The next group is on its way before the answers to this one take the thread.
    const next = () => {
      this.#bytes -= bytesOf(group);
      this.#writeNext();
    };
    this.#encodeAndAppend(group).then(
      (positions) => {
        next();
        for (const [index, append] of group.entries()) this.#acknowledge(append, positions, 2 * index);
      },
      (error: unknown) => {
        next();
        for (const append of group) this.#fail(append, toError(error));
      },
    );
  }

  async #encodeAndAppend(group: readonly PendingAppend[]): Promise<Float64Array> {
    const { topics, frames } = encodeAppends(group);
    return this.#appendGroup(topics, frames);
  }

  #acknowledge(append: PendingAppend, positions: Float64Array, at: number): void {
    if (!this.#settle(append)) return;
    append.resolve({ partition: positions[at] as number, offset: positions[at + 1] as number });
  }

  #giveUpLate(): void {
    const now = performance.now();
    const late = (append: PendingAppend) => append.deadline <= now;
    const seconds = this.#limits.ackTimeoutMs / 1000;
    const error = new ServiceError(
      'log-timeout',
      `The event log did not acknowledge within ${seconds} s; the record may be in it or not.`,
    );
    for (const append of [...this.#writing, ...this.#collecting].filter(late)) this.#fail(append, error);
    this.#bytes -= bytesOf(this.#collecting.filter(late));
    this.#collecting = this.#collecting.filter((append) => !late(append));
    const oldest = [...this.#writing, ...this.#collecting].find(({ settled }) => !settled);
    this.#timer =
      oldest === undefined ? undefined : setTimeout(() => this.#giveUpLate(), oldest.deadline - now);
  }

  #fail(append: PendingAppend, error: Error): void {
    if (this.#settle(append)) append.reject(error);
  }

  /** @returns false when the append was settled before */
  #settle(append: PendingAppend): boolean {
    if (append.settled) return false;
    append.settled = true;
    if (--this.#unsettled === 0) this.#rest();
    return true;
  }

  #rest(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const resolve of this.#drained.splice(0)) resolve();
  }
}

function bytesOf(appends: readonly PendingAppend[]): number {
  return appends.reduce((sum, { bytes }) => sum + bytes, 0);
}
