import { findAll } from './checker.ts';
import { readDeadLetterTopic } from './dead-letter-topic.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import { Progress } from './progress.ts';
import { readBack } from './read-back.ts';
import { countBy, orderCounts } from './report.ts';
import { ServiceReader } from './service-reader.ts';
import { settle } from './settle.ts';
import { TOPIC_PREFIX, type Stage } from './stage.ts';
import { readStatusTopic } from './status-topic.ts';

export interface Aftermath {
  settled: boolean;
  findings: Finding[];
  orders: Record<string, number>;
  /** by reason */
  deadLetters: Record<string, number>;
}

/** Waits until all is processed, reads everything back and holds it against the ledger. */
export async function lookAtEverything(
  { settleSeconds }: DrillOptions,
  { stage, ledger, signal }: { stage: Stage; ledger: Ledger; signal: AbortSignal },
): Promise<Aftermath> {
  const reader = new ServiceReader(() => stage.addresses()[0]);
  const startedAt = performance.now();
  const deadlineMs = settleSeconds * 1_000;
  let text = '';
  const progress = new Progress(() => ({
    elapsedMs: performance.now() - startedAt,
    totalMs: deadlineMs,
    text,
  }));
  try {
    const onWaiting = (orders: number): string => (text = `settling, ${orders} orders wait`);
    const { parked } = stage.store;
    const isSettled = await settle({ ledger, reader, parked, deadlineMs, onWaiting, signal });
    const onRead = (read: number, all: number): string =>
      (text = `reading back, ${read} of ${all} histories`);
    const shown = await readBack(reader, ledger, onRead);
    const { broker } = stage;
    const everything = {
      ...shown,
      isSettled,
      parked: await parked(),
      deadLetterCopies: broker && (await readDeadLetterTopic(broker.address, TOPIC_PREFIX)),
      publishedStatuses: broker && (await readStatusTopic(broker.address, TOPIC_PREFIX)),
    };
    return {
      settled: isSettled,
      findings: [...findAll(ledger, everything)],
      orders: orderCounts(ledger, shown),
      deadLetters: countBy(shown.deadLetters.map(({ reason }) => reason)),
    };
  } finally {
    progress.stop();
    reader.close();
  }
}
