import type { Message } from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import { toLogRecord } from './records.ts';

interface PartitionState {
  /** next offset; undefined if reading starts at the earliest record and none has arrived yet */
  done: number | undefined;
  /** the offset that should arrive next; undefined as for `done` */
  next: number | undefined;
  /** the partition is being revoked: it still accepts commits but delivers no records */
  leaving?: boolean;
}

/** Another record arrived than the one that should have been next. */
export interface Jump {
  partition: number;
  expected: number;
  arrived: number;
}

/** The partitions assigned to this consumer, by number. */
export class Assignment extends Map<number, PartitionState> {
  /** Partitions that are not being revoked. */
  get staying(): number[] {
    return [...this.keys()].filter((partition) => this.get(partition)?.leaving !== true);
  }

  leave(partitions: readonly number[]): void {
    for (const partition of partitions) {
      const state = this.get(partition);
      if (state !== undefined) state.leaving = true;
    }
  }

  remove(partitions: readonly number[]): void {
    for (const partition of partitions) this.delete(partition);
  }

  /**
   * Converts messages to records, without those of unassigned partitions and partitions being revoked.
   * @param onJump called before the records are returned
   */
  recordsOf(messages: readonly Message[], onJump: (jump: Jump) => void): LogRecord[] {
    const records: LogRecord[] = [];
    for (const message of messages) {
      const { partition, offset } = message;
      const state = this.get(partition);
      if (state === undefined || state.leaving === true) continue;
      state.done ??= offset;
      const expected = state.next ?? offset;
      state.next = offset + 1;
      if (offset !== expected) onJump({ partition, expected, arrived: offset });
      records.push(toLogRecord(message));
    }
    return records;
  }
}
