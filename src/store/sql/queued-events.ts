import type { LogRecord } from '../../base/log-record.ts';
import { EVENT_COLUMNS, toRecord, type EventRow } from './rows.ts';

export const QUEUED_EVENT_COLUMNS = `${EVENT_COLUMNS}, ordinal`;

export type QueuedEventRow = EventRow & { ordinal: number };

/**
 * The queued events of one order, in the order in which they were queued: by ordinal. Workers of the previous version give
 * every event the ordinal 0, next to the one that has it already. Then offsets have the right order, within one partition.
 * @param rows by ordinal, then offset
 */
export function queuedRecords(rows: readonly QueuedEventRow[]): LogRecord[] {
  const areDistinct = new Set(rows.map(({ ordinal }) => ordinal)).size === rows.length;
  const isOnePartition = new Set(rows.map(({ partition }) => partition)).size === 1;
  const sorted = areDistinct || !isOnePartition ? rows : [...rows].sort((a, b) => a.offset - b.offset);
  return sorted.map(({ ordinal: _ordinal, ...row }) => toRecord(row));
}
