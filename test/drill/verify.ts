import { findAll } from './checker.ts';
import { TOPIC_PREFIX, type Cluster } from './cluster.ts';
import type { Finding } from './findings.ts';
import type { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import { Progress } from './progress.ts';
import { readBack } from './read-back.ts';
import type { ReadBack } from './read-back-types.ts';
import { countBy, orderCounts } from './report.ts';
import { ServiceReader } from './service-reader.ts';
import { settle } from './settle.ts';
import type { Watcher } from './watcher.ts';

export interface Verification {
  settled: boolean;
  findings: Finding[];
  orders: Record<string, number>;
  /** by reason */
  deadLetters: Record<string, number>;
}

export interface VerifyParts {
  cluster: Cluster;
  ledger: Ledger;
  watchers: readonly Watcher[];
  signal: AbortSignal;
}

/** Waits until everything is processed, reads everything back and checks it against the ledger. */
export async function verify(
  { settleSeconds }: DrillOptions,
  { cluster, ledger, watchers, signal }: VerifyParts,
): Promise<Verification> {
  const reader = new ServiceReader(() => cluster.addresses()[0]);
  const startedAt = performance.now();
  const deadlineMs = settleSeconds * 1_000;
  let text = '';
  const progress = new Progress(() => ({
    elapsedMs: performance.now() - startedAt,
    totalMs: deadlineMs,
    text,
  }));
  try {
    const { retryingOrders } = cluster.store;
    const onPending = (count: number): string => (text = `settling, ${count} pending`);
    const isSettled = await settle({ ledger, reader, retryingOrders, deadlineMs, onPending, signal });
    await finishWatching(watchers, cluster);
    const onRead = (read: number, all: number): string =>
      (text = `reading back, ${read} of ${all} histories`);
    const shown = await readBack(reader, ledger, onRead);
    const everything = {
      ...shown,
      isSettled,
      retrying: await retryingOrders(),
      watchLogs: watchers,
      deaths: cluster.nodes.reduce((sum, { deaths }) => sum + deaths, 0),
      ...(await readTopics(cluster)),
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

/** Nothing changes any more, so every watcher has been told everything. */
async function finishWatching(watchers: readonly Watcher[], { addresses }: Cluster): Promise<void> {
  await Promise.all(watchers.map((watcher) => watcher.stop()));
  const [address] = addresses();
  if (address === undefined) return;
  await Promise.all(watchers.map((watcher) => watcher.probe(address)));
}

async function readTopics({
  broker,
}: Cluster): Promise<Pick<ReadBack, 'deadLetterCopies' | 'publishedStatuses'>> {
  if (broker === undefined) return { deadLetterCopies: undefined, publishedStatuses: undefined };
  // Loaded here, so that a drill on the embedded log needs no node-rdkafka.
  const { readDeadLetterTopic, readStatusTopic } = await import('./read-topics.ts');
  return {
    deadLetterCopies: await readDeadLetterTopic(broker.address, TOPIC_PREFIX),
    publishedStatuses: await readStatusTopic(broker.address, TOPIC_PREFIX),
  };
}
