import type { Erased } from '../../app/erase/erase-customer.ts';
import type { Config } from '../../config/config.ts';
import { TOPICS } from '../../log/event-log.ts';
import type { CustomerData } from '../../store/erasure-store.ts';

const IDS_SHOWN = 10;

export function foundText({ orders, openOrders, retrying, deadLetters, apiKeys }: CustomerData): string {
  return (
    `Found: ${counted(orders.length, 'stored order')} (${openOrders.length} open), ` +
    `${counted(retrying.length, 'retrying order')}, ${counted(deadLetters.length, 'dead letter')}, ${counted(apiKeys, 'API key')}.\n`
  );
}

/** Why open orders are not erased, and what to do; undefined if there are none. */
export function openText({ openOrders, retrying }: CustomerData, unprocessed: number): string | undefined {
  const ids = [...new Set([...openOrders, ...retrying])];
  if (ids.length > 0) {
    const more = ids.length > IDS_SHOWN ? ` and ${ids.length - IDS_SHOWN} more` : '';
    return (
      `Nothing was changed: ${counted(ids.length, 'order')} of this customer ${ids.length === 1 ? 'is' : 'are'} still open: ` +
      `${ids.slice(0, IDS_SHOWN).join(', ')}${more}. Wait until they are closed, cancel them, or give --include-open: they then go on ` +
      'under the pseudonym, so the customer can neither see nor cancel them any more.'
    );
  }
  if (unprocessed === 0) return undefined;
  return (
    `Nothing was changed: ${counted(unprocessed, 'record')} of the event log ${unprocessed === 1 ? 'is' : 'are'} not processed yet, ` +
    'and may place orders of this customer. Start the service, so that it processes them, or give --include-open.'
  );
}

export function erasedText({ orders, retrying, deadLetters, apiKeys, logRecords }: Erased): string {
  const records = logRecords === undefined ? '' : `, ${counted(logRecords, 'record')} of the event log`;
  return (
    `Erased: ${counted(orders, 'stored order')}, ${counted(retrying, 'retrying order')}, ${counted(deadLetters, 'dead letter')}, ` +
    `${counted(apiKeys, 'API key')}${records}. The audit row is in the table erasures.\n`
  );
}

/** Where the data may still be. */
export function leftText(config: Config, rewrite: boolean): string {
  const prefix = config.kafkaTopicPrefix;
  const topics = Object.values(TOPICS).map((topic) => prefix + topic);
  return [
    ...(rewrite
      ? []
      : [
          'The files were not rewritten, so old bytes are still in them: run the command again later without --no-rewrite.',
        ]),
    ...(config.eventLog === 'kafka'
      ? [
          `Kafka keeps the records on ${topics.join(', ')} until the retention of each topic (retention.ms, by default seven days, or the ` +
            'log.retention.* of the brokers). To see it: kafka-configs.sh --bootstrap-server <broker> --entity-type topics ' +
            `--entity-name ${topics[0] ?? ''} --describe --all. Watchers that resume may get changes from before until then.`,
        ]
      : []),
    ...(config.database.kind === 'postgres'
      ? ['PostgreSQL keeps its write-ahead log, archives and replicas as long as they are configured to.']
      : []),
    'Earlier backups still have the data: after you restore one, run the command again.',
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
