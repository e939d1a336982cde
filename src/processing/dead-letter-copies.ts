import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { FailedRecord } from '../store/dead-letter.ts';

/** Where failed records come from, as readers of `orders.dlq` know it. */
export interface DeadLetterSource {
  /** with its prefix */
  topic: string;
  group: string;
}

/** The copies of failed records for `orders.dlq`: their key and value byte for byte, and in the headers why. */
export function encodeDeadLetterCopies(
  letters: readonly FailedRecord[],
  source: DeadLetterSource,
): ArrayBuffer {
  return encodeRecordFrame(
    letters.map((letter): LogRecord => ({ ...letter.record, headers: headersOf(letter, source) })),
  );
}

/** Under the names of Spring Cloud Stream, Kafka Connect and Spring Kafka, so that their tools read them. */
function headersOf(letter: FailedRecord, { topic, group }: DeadLetterSource): RecordHeaders {
  const { partition, offset } = letter.record;
  return {
    '__dlq.errors.topic': topic,
    '__dlq.errors.partition': String(partition),
    '__dlq.errors.offset': String(offset),
    '__dlq.errors.group': group,
    '__dlq.errors.delivery.count': String(letter.attempts),
    '__dlq.errors.message': letter.error,
    'x-dlq-reason': letter.reason,
    'x-dlq-first-failed-at': new Date(letter.firstFailedAt).toISOString(),
    'x-dlq-failed-at': new Date(letter.failedAt).toISOString(),
    'x-dlq-replay-count': String(letter.replayCount),
    'kafka_dlt-original-topic': topic,
  };
}
