import { errorLine } from '../base/error-detail.ts';
import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import { encodeRecordFrame, type RecordFrame } from '../base/record-frame.ts';
import type { Decision } from '../order/decide.ts';
import type { DeadLetter, FailedRecord, ResolvedDeadLetter } from '../store/dead-letter.ts';
import type { DeadLetterSource } from './batch.ts';
import { failuresOf, type BatchInput, type RetryInput } from './batch-input.ts';
import type { FailedEvent } from './classify.ts';
import type { DecodedRecord, Replay } from './decode-batch.ts';

/**
 * Invariant 8: a dead letter is saved in the transaction that moves the progress, keeps the record byte for byte, and
 * says why.
 */
export function composeDeadLetters(
  input: BatchInput | RetryInput,
  failed: readonly FailedEvent[],
): DeadLetter[] {
  return [
    ...failed.map(({ record: { index, command, replay }, reason, error, detail }) =>
      toDeadLetter(input, replay, {
        record: input.frame.record(index),
        orderId: command.orderId,
        reason,
        error,
        detail,
        traceparent: command.traceparent,
      }),
    ),
    ...input.undecodable.map(({ record, replay, error: detail }) =>
      toDeadLetter(input, replay, {
        record,
        orderId: null,
        reason: 'record-undecodable',
        error: errorLine(detail),
        detail,
      }),
    ),
  ];
}

function toDeadLetter(
  input: BatchInput | RetryInput,
  replay: Replay | undefined,
  failure: Pick<DeadLetter, 'record' | 'orderId' | 'reason' | 'error' | 'detail' | 'traceparent'>,
): DeadLetter {
  const { attempts, firstFailedAt } = failuresOf(input, failure.orderId ?? '');
  const replayCount = replay === undefined ? 0 : replay.replayCount + 1;
  return {
    ...failure,
    // An event that was queued behind another one was never attempted.
    attempts: failure.reason === 'predecessor-failed' ? 0 : attempts,
    firstFailedAt,
    failedAt: input.now,
    replayOf: replay?.deadLetterId,
    replayCount,
    state: replayCount >= input.rules.replayLimit ? 'exhausted' : 'open',
  };
}

/** The dead letters that these decided records replayed, each with the outcome of its replay. */
export function resolvedDeadLetters(
  replays: readonly DecodedRecord[],
  frame: RecordFrame,
  { changes, refused }: Decision,
  at: number,
): ResolvedDeadLetter[] {
  return replays.flatMap(({ index, replay, position, command }) => {
    if (replay === undefined) return [];
    const isCause = ({ partition, offset }: Position) =>
      partition === position.partition && offset === position.offset;
    const change = changes.find(({ orderId, cause }) => orderId === command.orderId && isCause(cause));
    const refusal = refused.find((transition) => isCause(transition.position));
    const withoutChange = refusal === undefined ? 'already done' : `refused: ${refusal.code}`;
    const outcome = change?.status ?? withoutChange;
    return [{ id: replay.deadLetterId, value: frame.record(index).value, outcome, at }];
  });
}

/** Copies of failed records for `orders.dlq`: the same key and value bytes, and the reason in the headers. */
export function encodeDeadLetterCopies(
  deadLetters: readonly FailedRecord[],
  source: DeadLetterSource,
): ArrayBuffer {
  return encodeRecordFrame(
    deadLetters.map((failed): LogRecord => ({ ...failed.record, headers: headersOf(failed, source) })),
  );
}

/** The names are those of Spring Cloud Stream, Kafka Connect and Spring Kafka, so that their tools understand them. */
function headersOf(failed: FailedRecord, { topic, group }: DeadLetterSource): RecordHeaders {
  const { partition, offset } = failed.record;
  return {
    '__dlq.errors.topic': topic,
    '__dlq.errors.partition': String(partition),
    '__dlq.errors.offset': String(offset),
    '__dlq.errors.group': group,
    '__dlq.errors.delivery.count': String(failed.attempts),
    '__dlq.errors.message': failed.error,
    'x-dlq-reason': failed.reason,
    'x-dlq-first-failed-at': new Date(failed.firstFailedAt).toISOString(),
    'x-dlq-failed-at': new Date(failed.failedAt).toISOString(),
    'x-dlq-replay-count': String(failed.replayCount),
    'kafka_dlt-original-topic': topic,
  };
}
