import type { Metrics } from '../base/metrics.ts';
import type { Config } from '../config/config.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { Promised } from '../threads/thread-activity.ts';

/** The names of the databases in OpenTelemetry. */
export const DATABASE_NAMES = { sqlite: 'sqlite', postgres: 'postgresql' } as const;

type Calls = Omit<OrderReader, 'operations'>;

/** Wraps a reader so that the metrics show how long each call took, failed ones included. */
export function measuredReader(
  reader: OrderReader,
  database: Config['database']['kind'],
  { storeDuration }: Pick<Metrics, 'storeDuration'>,
): OrderReader {
  const methods: Promised<Calls> = reader;
  const measured = <M extends keyof Calls>(method: M) => {
    const duration = storeDuration.labels(DATABASE_NAMES[database], method);
    return (...args: Parameters<Calls[M]>) => {
      const startedAt = performance.now();
      return methods[method](...args).finally(() => duration.observe((performance.now() - startedAt) / 1000));
    };
  };
  return {
    find: measured('find'),
    findUnstored: measured('findUnstored'),
    placingPartition: measured('placingPartition'),
    history: measured('history'),
    retryingElsewhere: measured('retryingElsewhere'),
    countRetrying: measured('countRetrying'),
    earliestRetry: measured('earliestRetry'),
    countDeadLetters: measured('countDeadLetters'),
    list: measured('list'),
    listSmall: measured('listSmall'),
    progress: measured('progress'),
    storedLog: measured('storedLog'),
    statusIdentity: measured('statusIdentity'),
    changes: measured('changes'),
    latestChanges: measured('latestChanges'),
    operations: reader.operations,
    close: () => reader.close(),
  };
}
