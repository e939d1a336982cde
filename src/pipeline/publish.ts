import type { Gauge } from 'prom-client';
import { hasCode } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import { decodeRecordFrame, isEmptyFrame } from '../base/record-frame.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { BatchResult } from '../processing/batch.ts';
import type { HistoryFeed } from '../status/history-feed.ts';
import type { FailurePolicy } from './failure-policy.ts';

/**
 * Publishes the status events of a frame; resolves once they are acknowledged.
 * @throws ServiceError a fatal one; once the service stops, why they are not published
 */
export type PublishStatuses = (
  statuses: ArrayBuffer,
  context: Pick<PublishOptions, 'name' | 'failurePolicy'>,
) => Promise<void>;

/** Appends the status events to `orders.status`, which every replica reads. */
export function publishToLog(log: Pick<EventLog, 'append'>): PublishStatuses {
  return retried((statuses) =>
    appendEach(statuses, ({ key, value, headers }) =>
      log.append({ topic: TOPICS.status, key, value, headers }),
    ),
  );
}

/** @param publish may be repeated after a failure */
export function retried(publish: (statuses: ArrayBuffer) => Promise<void>): PublishStatuses {
  return (statuses, { name, failurePolicy }) =>
    failurePolicy.run(`${name}: publish statuses`, 'log', () => publish(statuses));
}

/**
 * For a single process: hands the status events to its watchers. The store's history has every change. This waits for
 * other lanes, so it must not be an attempt of a circuit breaker: if it were the only attempt that an open circuit lets
 * through, lanes that wait for the circuit would wait for each other.
 */
export function publishToFeed(feed: HistoryFeed): PublishStatuses {
  return (statuses, { failurePolicy }) => feed.publish(decodeRecordFrame(statuses), failurePolicy.signal);
}

/**
 * Appends copies of dead letters to `orders.dlq`. If a copy is too large for the log, its value is left out, then also
 * its key, and a header says so; the row in the store is always complete.
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

export interface PublishOptions {
  /** the unique name of the lane */
  name: string;
  log: Pick<EventLog, 'append'>;
  publish: PublishStatuses;
  failurePolicy: Pick<FailurePolicy, 'run' | 'signal'>;
  logger: Logger;
}

/**
 * Publishes the statuses of a saved batch, then the copies of its dead letters. Steps that fail are retried until they
 * succeed.
 * @throws ServiceError a fatal one, or the last error once the service stops
 */
export async function publishResult(
  { statuses, deadLetters }: Pick<BatchResult, 'statuses' | 'deadLetters'>,
  { name, log, publish, failurePolicy, logger }: PublishOptions,
): Promise<void> {
  if (!isEmptyFrame(statuses)) {
    await publish(statuses, { name, failurePolicy });
  }
  if (!isEmptyFrame(deadLetters)) {
    await failurePolicy.run(`${name}: publish dead letters`, 'log', () =>
      publishDeadLetters(log, deadLetters, logger),
    );
  }
}

/** Resolves to false if the record is larger than the log accepts. */
async function fits(append: Promise<unknown>): Promise<boolean> {
  try {
    await append;
    return true;
  } catch (error) {
    if (!hasCode(error, 'record-too-large')) throw error;
    return false;
  }
}

/** Less than the minimum of LOG_MAX_PENDING: more appends at a time could be refused at every attempt. */
const MAX_PENDING_APPENDS = 500;

async function appendEach(
  frame: ArrayBuffer,
  append: (record: LogRecord) => Promise<unknown>,
): Promise<void> {
  const records = decodeRecordFrame(frame);
  for (let from = 0; from < records.length; from += MAX_PENDING_APPENDS) {
    // Wait for all, even if one fails: a retry must not run in parallel with appends of the previous attempt.
    const outcomes = await Promise.allSettled(records.slice(from, from + MAX_PENDING_APPENDS).map(append));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
}

/**
 * Publishes and commits the saved batches of a lane one at a time, in order, while the lane processes the next batch.
 * A lane is at most one batch ahead of what is published.
 */
export class PublishQueue {
  readonly #length: Pick<Gauge, 'inc' | 'dec'> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @param length counts the batches that are being published or wait for it */
  constructor(length?: Pick<Gauge, 'inc' | 'dec'>) {
    this.#length = length;
  }

  /**
   * Starts the work once the previous work is done; does not wait for its end.
   * @throws the previous work's error, because nothing may be published after a gap
   */
  async begin(work: () => Promise<void>): Promise<void> {
    this.#length?.inc();
    try {
      await this.#last;
    } catch (error) {
      this.#length?.dec();
      throw error;
    }
    this.#last = work().finally(() => this.#length?.dec());
    // Avoids an unhandled rejection: the next `begin` or `done` throws this error.
    this.#last.catch(() => undefined);
  }

  /** Resolves when nothing is being published. @throws the last work's error */
  done(): Promise<void> {
    return this.#last;
  }
}
