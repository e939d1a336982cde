import { hasCode } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import { decodeRecordFrame } from '../base/record-frame.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';

/** Fewer than the fewest appends that a log may have pending, or a batch could never be published at once. */
const WINDOW = 500;

type Append = (record: LogRecord) => Promise<unknown>;

/** Appends the records of a frame; resolves when the log holds them all. Safe to repeat after a failure. */
export function appendFrame(log: Pick<EventLog, 'append'>, topic: string, frame: ArrayBuffer): Promise<void> {
  return appendEach(frame, ({ key, value, headers }) => log.append({ topic, key, value, headers }));
}

/**
 * Appends copies of dead letters. One that has grown too large by its headers goes without its value, and says so: the
 * row in the store has all of it.
 */
export function appendCopies(
  log: Pick<EventLog, 'append'>,
  frame: ArrayBuffer,
  logger: Logger,
): Promise<void> {
  const topic = TOPICS.deadLetters;
  return appendEach(frame, async ({ key, value, headers, partition, offset }) => {
    try {
      await log.append({ topic, key, value, headers });
    } catch (error) {
      if (!hasCode(error, 'record-too-large')) throw error;
      logger.warn({ partition, offset }, 'a dead letter is too large for orders.dlq: its copy has no value');
      const bytes = String(value?.length ?? 0);
      await log.append({
        topic,
        key,
        value: null,
        headers: { ...headers, 'x-dlq-value-left-out-bytes': bytes },
      });
    }
  });
}

async function appendEach(frame: ArrayBuffer, append: Append): Promise<void> {
  const records = decodeRecordFrame(frame);
  for (let from = 0; from < records.length; from += WINDOW) {
    // All are awaited before one of them may fail the step: no append is left behind when it is tried again.
    const outcomes = await Promise.allSettled(records.slice(from, from + WINDOW).map(append));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}
