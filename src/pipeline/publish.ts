import { hasCode } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import { decodeRecordFrame } from '../base/record-frame.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { HistoryFeed } from '../status/history-feed.ts';

/** Publishes the status events of a frame; resolves once they are acknowledged. Safe to repeat after a failure. */
export type PublishStatuses = (statuses: ArrayBuffer) => Promise<void>;

/** To `orders.status`, where every replica reads them. */
export function publishToLog(log: Pick<EventLog, 'append'>): PublishStatuses {
  return (statuses) =>
    appendEach(statuses, ({ key, value, headers }) =>
      log.append({ topic: TOPICS.status, key, value, headers }),
    );
}

/** Straight to the watchers of this process, where it is the only one: the store's history has every change already. */
export function publishToFeed(feed: HistoryFeed): PublishStatuses {
  return (statuses) => feed.publish(decodeRecordFrame(statuses));
}

/**
 * Appends copies of dead letters to `orders.dlq`. A copy too large for the log is appended without its value, then
 * without its key, and a header says so; the row in the store is always whole.
 */
export function publishDeadLetters(
  log: Pick<EventLog, 'append'>,
  deadLetters: ArrayBuffer,
  logger: Logger,
): Promise<void> {
  const topic = TOPICS.deadLetters;
  return appendEach(deadLetters, async ({ key, value, headers, partition, offset }) => {
    const withoutValue = { ...headers, 'x-dlq-value-left-out-bytes': String(value?.length ?? 0) };
    const withoutKey = { ...withoutValue, 'x-dlq-key-left-out-bytes': String(key?.length ?? 0) };
    if (await fits(log.append({ topic, key, value, headers }))) return;
    logger.warn({ partition, offset }, 'a dead letter is too large for orders.dlq: its copy is incomplete');
    if (await fits(log.append({ topic, key, value: null, headers: withoutValue }))) return;
    await log.append({ topic, key: null, value: null, headers: withoutKey });
  });
}

/** False for a record that is larger than the log takes. */
async function fits(append: Promise<unknown>): Promise<boolean> {
  try {
    await append;
    return true;
  } catch (error) {
    if (!hasCode(error, 'record-too-large')) throw error;
    return false;
  }
}

/** Below the smallest limit of pending appends that a log may have: a batch beyond it could never be published. */
const MAX_PENDING_APPENDS = 500;

async function appendEach(
  frame: ArrayBuffer,
  append: (record: LogRecord) => Promise<unknown>,
): Promise<void> {
  const records = decodeRecordFrame(frame);
  for (let from = 0; from < records.length; from += MAX_PENDING_APPENDS) {
    // Wait for all, also when one fails: a retry must not run beside appends of the attempt before.
    const outcomes = await Promise.allSettled(records.slice(from, from + MAX_PENDING_APPENDS).map(append));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/**
 * Publishes and commits the saved batches of a lane, one at a time and in order, while the lane processes the next one.
 * A lane is never more than one batch ahead of what is published.
 */
export class PublishQueue {
  #last: Promise<void> = Promise.resolve();

  /**
   * Begins the work once the work before it is done; does not wait for its end.
   * @throws what the work before it threw: nothing may be published after a gap
   */
  async begin(work: () => Promise<void>): Promise<void> {
    await this.#last;
    this.#last = work();
    // Not unhandled: the next `begin` or `done` throws it.
    this.#last.catch(() => undefined);
  }

  /** Resolves when nothing is being published. @throws what the last work threw */
  done(): Promise<void> {
    return this.#last;
  }
}
