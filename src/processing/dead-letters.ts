import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import type { Decision } from '../order/decide.ts';
import type { DeadLetter, DeadLetterReason, ResolvedDeadLetter } from '../store/dead-letter.ts';
import type { DecodedRecord, Replay } from './decode-batch.ts';

export interface Failure {
  record: LogRecord;
  orderId: string | null;
  replay: Replay | undefined;
  reason: DeadLetterReason;
  error: string;
  attempts: number;
  /** milliseconds since the epoch, as is `failedAt` */
  firstFailedAt: number;
  failedAt: number;
}

/** @param replayLimit after so many failed replays a dead letter is exhausted: replays pass it over */
export function toDeadLetter({ replay, ...failure }: Failure, replayLimit: number): DeadLetter {
  const replayCount = replay === undefined ? 0 : replay.replayCount + 1;
  const state = replayCount >= replayLimit ? 'exhausted' : 'open';
  return { ...failure, replayOf: replay?.deadLetterId, replayCount, state };
}

/** What the replays among these decided records brought. */
export function resolvedDeadLetters(
  records: readonly DecodedRecord[],
  frame: RecordFrame,
  { changes, rejections }: Decision,
  at: number,
): ResolvedDeadLetter[] {
  return records.flatMap(({ index, replay, position, command }) => {
    if (replay === undefined) return [];
    const isHere = (cause: Position) =>
      cause.partition === position.partition && cause.offset === position.offset;
    const change = changes.find(({ orderId, cause }) => orderId === command.orderId && isHere(cause));
    const rejection = rejections.find((refused) => isHere(refused.position));
    const outcome =
      change?.status ?? (rejection === undefined ? 'already done' : `refused: ${rejection.code}`);
    return [{ id: replay.deadLetterId, value: frame.record(index).value, outcome, at }];
  });
}
