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
 * Appends copies of dead letters. One that is too large with its headers goes without its value, and then without its
 * key, and says so: the row in the store has all of it.
 */
export function appendCopies(
  log: Pick<EventLog, 'append'>,
  frame: ArrayBuffer,
  logger: Logger,
): Promise<void> {
  const topic = TOPICS.deadLetters;
  return appendEach(frame, async ({ key, value, headers, partition, offset }) => {
    const withoutValue = { ...headers, 'x-dlq-value-left-out-bytes': String(value?.length ?? 0) };
    const withoutKey = { ...withoutValue, 'x-dlq-key-left-out-bytes': String(key?.length ?? 0) };
    if (await isTaken(log.append({ topic, key, value, headers }))) return;
    logger.warn({ partition, offset }, 'a dead letter is too large for orders.dlq: its copy is not whole');
    if (await isTaken(log.append({ topic, key, value: null, headers: withoutValue }))) return;
    await log.append({ topic, key: null, value: null, headers: withoutKey });
  });
}

/** False for a record that is larger than the log takes. */
async function isTaken(append: Promise<unknown>): Promise<boolean> {
  try {
    await append;
    return true;
  } catch (error) {
    if (!hasCode(error, 'record-too-large')) throw error;
    return false;
  }
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
