import { errorDetail, type ErrorDetail } from '../base/error-detail.ts';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import { recordCheck } from '../base/record-check.ts';
import { RecordFrame } from '../base/record-frame.ts';
import type { Command } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { REPLAY_HEADERS } from '../store/dead-letter.ts';

export interface DecodedRecord {
  /** index of the record in its frame */
  index: number;
  position: Position;
  command: Command;
  /** present when the record replays a dead letter */
  replay: Replay | undefined;
}

export interface Replay {
  deadLetterId: number;
  /** how many replays of the dead letter failed before this one */
  replayCount: number;
}

/** A record that is not an event of this service. */
export interface UndecodableRecord {
  record: LogRecord;
  error: ErrorDetail;
  replay: Replay | undefined;
}

export interface DecodedBatch {
  frame: RecordFrame;
  decoded: DecodedRecord[];
  undecodable: UndecodableRecord[];
  /** partition → offset after its last record */
  nextOffsets: Map<number, number>;
  /** partition → `recordCheck` of its last record */
  lastRecords: Map<number, string>;
}

export function decodeBatch(memory: ArrayBuffer, codec: EventCodec): DecodedBatch {
  const frame = new RecordFrame(memory);
  const decoded: DecodedRecord[] = [];
  const undecodable: UndecodableRecord[] = [];
  const nextOffsets = new Map<number, number>();
  const lastIndexes = new Map<number, number>();
  for (let index = 0; index < frame.count; index += 1) {
    const position = { partition: frame.partition(index), offset: frame.offset(index) };
    const replay = replayOf(frame.headers(index));
    nextOffsets.set(position.partition, position.offset + 1);
    lastIndexes.set(position.partition, index);
    try {
      const command = codec.readCommand(frame.valueText(index));
      refuseOtherKey(frame.keyText(index), command);
      decoded.push({ index, position, command, replay });
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      undecodable.push({ record: frame.record(index), error: errorDetail(error), replay });
    }
  }
  const lastRecords = new Map(
    [...lastIndexes].map(([partition, index]) => [partition, recordCheck(frame.record(index))]),
  );
  return { frame, decoded, undecodable, nextOffsets, lastRecords };
}

export function orderIdsOf(records: readonly DecodedRecord[]): string[] {
  return [...new Set(records.map(({ command }) => command.orderId))];
}

/** The key selects the partition of a new order: under another key, a record could overtake other events of its order. */
function refuseOtherKey(key: string | null, command: Command): void {
  if (key === command.orderId) return;
  throw new ServiceError('record-undecodable', "The record's key is not the id of its order.");
}

function replayOf(headers: RecordHeaders | undefined): Replay | undefined {
  if (headers === undefined) return undefined;
  const deadLetterId = wholeNumber(headers[REPLAY_HEADERS.deadLetterId]);
  const replayCount = wholeNumber(headers[REPLAY_HEADERS.replayCount]);
  return deadLetterId === undefined || replayCount === undefined ? undefined : { deadLetterId, replayCount };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
