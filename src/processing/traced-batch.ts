import { formatPosition } from '../base/position.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import { sampledContext } from '../base/trace-context.ts';
import type { BatchTrace, ThreadTracing, TracedRecord } from './batch-trace.ts';
import type { DecodedRecord } from './decode-batch.ts';
import type { SavedBatch } from './save-batch.ts';

/** Notes the times of a batch, and finds its traced records. Created only while tracing is on. */
export class TracedBatch {
  readonly #tracing: ThreadTracing;
  readonly #startedAt: number;
  #loadedAt = 0;
  #processedAt = 0;

  constructor(tracing: ThreadTracing) {
    this.#tracing = tracing;
    this.#startedAt = tracing.now();
  }

  loaded(): void {
    this.#loadedAt = this.#tracing.now();
  }

  processed(): void {
    this.#processedAt = this.#tracing.now();
  }

  /** Call it when the batch is saved. @returns undefined if no record is traced */
  saved(
    frame: RecordFrame,
    decoded: readonly DecodedRecord[],
    saved: SavedBatch | undefined,
  ): BatchTrace | undefined {
    const savedAt = this.#tracing.now();
    const records: TracedRecord[] = [];
    let outcomeOf: ((record: DecodedRecord) => string) | undefined;
    for (const record of decoded) {
      const parent = sampledContext(record.command.traceparent);
      if (parent === undefined) continue;
      outcomeOf ??= outcomesOf(saved);
      records.push({
        ...record.position,
        parent,
        spanId: this.#tracing.newSpanId(),
        orderId: record.command.orderId,
        appendedAt: frame.timestamp(record.index),
        outcome: outcomeOf(record),
      });
    }
    if (records.length === 0) return undefined;
    const [startedAt, loadedAt, processedAt] = [this.#startedAt, this.#loadedAt, this.#processedAt];
    return { startedAt, loadedAt, processedAt, savedAt, records };
  }
}

function outcomesOf(saved: SavedBatch | undefined): (record: DecodedRecord) => string {
  if (saved === undefined) return () => 'unchanged';
  const { decision, deadLetters, retryChanges } = saved.batch;
  const outcomes = new Map<string, string>();
  for (const { cause, status } of decision.changes) outcomes.set(formatPosition(cause), status);
  for (const { record } of deadLetters) outcomes.set(formatPosition(record), 'dead-lettered');
  const retrying = new Set([
    ...retryChanges.events.map(({ orderId }) => orderId),
    ...retryChanges.rescheduled.map(({ next }) => next.orderId),
  ]);
  return ({ position, command }) =>
    outcomes.get(formatPosition(position)) ?? (retrying.has(command.orderId) ? 'retrying' : 'refused');
}
