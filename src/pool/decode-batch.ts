import type { Clock } from '../base/clock.ts';
import { hasCode, ServiceError, toError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { RecordFrame } from '../base/record-frame.ts';
import type { Command } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { SetAsideRecord } from '../store/order-store.ts';

/** A command with its place in the log, and in the frame, where its bytes are. */
export interface DecodedRecord {
  index: number;
  position: Position;
  command: Command;
}

export interface DecodedBatch {
  frame: RecordFrame;
  decoded: DecodedRecord[];
  /** records that are no events of ours */
  undecodable: SetAsideRecord[];
  /** partition → offset after its last record */
  nextOffsets: Map<number, number>;
}

export function decodeBatch(memory: ArrayBuffer, codec: EventCodec, clock: Clock): DecodedBatch {
  const frame = new RecordFrame(memory);
  const decoded: DecodedRecord[] = [];
  const undecodable: SetAsideRecord[] = [];
  const nextOffsets = new Map<number, number>();
  for (let index = 0; index < frame.count; index += 1) {
    const position = { partition: frame.partition(index), offset: frame.offset(index) };
    nextOffsets.set(position.partition, position.offset + 1);
    try {
      const command = codec.decodeCommand(frame.valueText(index));
      refuseForeignKey(frame.keyText(index), command);
      decoded.push({ index, position, command });
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      undecodable.push({
        record: frame.record(index),
        orderId: null,
        reason: 'record-undecodable',
        error: toError(error).message,
        at: clock(),
      });
    }
  }
  return { frame, decoded, undecodable, nextOffsets };
}

/** A record under another key may lie in another partition, where its order is not kept. */
function refuseForeignKey(key: string | null, command: Command): void {
  if (key === command.orderId) return;
  throw new ServiceError('record-undecodable', "The record's key is not the id of its order.");
}
