import { setTimeout as pause } from 'node:timers/promises';
import { ServiceError } from '../../base/errors.ts';
import type { EmbeddedEventLog } from '../../log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../log/event-log.ts';
import type { Erasure } from '../../order/personal-data.ts';
import type { AlignmentStore } from '../../store/alignment-store.ts';

export interface LogErasure extends Erasure {
  /** orders of the customer that the store knows */
  orderIds: readonly string[];
  /** whether to rewrite the file, so that no old bytes stay */
  rewrite: boolean;
}

export interface EraseLogOptions extends LogErasure {
  log: Pick<EmbeddedEventLog, 'progressName' | 'ranges' | 'redact' | 'rewrite'>;
  alignment: Pick<AlignmentStore, 'forgetLastRecords'>;
  /** whether a pipeline processes the log meanwhile */
  isProcessing: boolean;
  signal: AbortSignal;
  /** receives records of `total` */
  onProgress?: (done: number, total: number) => void;
}

/** How long the pipeline may take to process the records that are in the log. */
const PROCESS_TIMEOUT_MS = 60_000;
const PROCESS_PAUSE_MS = 50;

/**
 * Removes a customer's personal data from the records of the embedded log.
 *
 * While a pipeline runs, only records that it has processed are changed: it may hold others in memory. The store first forgets its
 * check values, because a changed record would not match its check value, and the log would look like another one.
 * @returns how many records had personal data
 * @throws ServiceError `erasure-failed` if records are not processed in time; the signal's reason
 */
export async function eraseFromLog(options: EraseLogOptions): Promise<number> {
  const { log, isProcessing, signal, onProgress = () => undefined } = options;
  const erasure = { customerId: options.customerId, pseudonym: options.pseudonym };
  const orderIds = new Set(options.orderIds);
  const commands = await log.ranges(TOPICS.commands);
  const deadLetters = await log.ranges(TOPICS.deadLetters);
  const total = [...commands, ...deadLetters].reduce((sum, { start, end }) => sum + end - start, 0);
  const deadline = performance.now() + PROCESS_TIMEOUT_MS;
  const done = new Map(commands.map(({ start }, partition) => [partition, start]));
  let [redacted, examined] = [0, 0];
  for (;;) {
    signal.throwIfAborted();
    const progress = await options.alignment.forgetLastRecords(log.progressName(TOPICS.commands));
    for (const [partition, { end }] of commands.entries()) {
      const from = done.get(partition) ?? 0;
      const to = isProcessing ? Math.min(progress.get(partition) ?? 0, end) : end;
      if (to <= from) continue;
      redacted += await log.redact(TOPICS.commands, new Map([[partition, { from, to }]]), erasure, orderIds);
      done.set(partition, to);
      onProgress((examined += to - from), total);
    }
    if (commands.every(({ end }, partition) => (done.get(partition) ?? 0) >= end)) break;
    if (performance.now() > deadline) throw notProcessed();
    await pause(PROCESS_PAUSE_MS, undefined, { signal });
  }
  for (const [partition, { start, end }] of deadLetters.entries()) {
    signal.throwIfAborted();
    const range = new Map([[partition, { from: start, to: end }]]);
    redacted += await log.redact(TOPICS.deadLetters, range, erasure, orderIds);
    onProgress((examined += end - start), total);
  }
  if (options.rewrite) await log.rewrite();
  return redacted;
}

export function notProcessed(): ServiceError {
  return new ServiceError(
    'erasure-failed',
    'Not all records of the event log are processed, and some may be of this customer. See /readyz of the worker for the reason, then run the command again.',
  );
}
