import type { Migration } from '../../sql/migrations.ts';
import { orders } from './0001-orders.ts';
import { parkingAndDeadLetters } from './0002-parking-and-dead-letters.ts';
import { orderParties } from './0003-order-parties.ts';
import { statusHistory } from './0007-status-history.ts';
import { partitionOwners } from './0008-partition-owners.ts';
import { unansweredCalls } from './0009-unanswered-calls.ts';
import { queuedEventOrder } from './0010-queued-event-order.ts';
import { apiKeys } from './0011-api-keys.ts';
import { errorDetails } from './0012-error-details.ts';
import { replicas } from './0013-replicas.ts';
import { orderRetention } from './0014-order-retention.ts';
import { erasures } from './0015-erasures.ts';

/** In the order of application. Never change a released migration; add another one. */
export const SQLITE_MIGRATIONS: readonly Migration[] = [
  { name: '0001-orders', sql: orders },
  { name: '0002-parking-and-dead-letters', sql: parkingAndDeadLetters },
  { name: '0003-order-parties', sql: orderParties },
  // The trigger wrote one segment per order. INSERT_POSTINGS writes one per batch.
  { name: '0004-postings-by-batch', sql: 'DROP TRIGGER orders_have_parties;' },
  // `parked` used to mean retrying orders as well as exhausted dead letters.
  {
    name: '0005-retry-names',
    sql: `
      DROP INDEX parked_orders_by_due;
      ALTER TABLE parked_orders RENAME TO retrying_orders;
      ALTER TABLE retrying_orders RENAME COLUMN settled TO completed;
      ALTER TABLE parked_events RENAME TO retrying_events;
      CREATE INDEX retrying_orders_by_due ON retrying_orders (topic, partition, due_at);
      UPDATE dead_letters SET state = 'exhausted' WHERE state = 'parked';`,
  },
  // Both tell whether the event log is the one that filled this store. `last_record` is null until the next batch.
  {
    name: '0006-log-identities',
    sql: `
      CREATE TABLE log_identities (topic TEXT PRIMARY KEY, identity TEXT NOT NULL) STRICT, WITHOUT ROWID;
      ALTER TABLE progress ADD COLUMN last_record TEXT;`,
  },
  { name: '0007-status-history', sql: statusHistory },
  { name: '0008-partition-owners', sql: partitionOwners },
  { name: '0009-unanswered-calls', sql: unansweredCalls },
  { name: '0010-queued-event-order', sql: queuedEventOrder },
  { name: '0011-api-keys', sql: apiKeys },
  { name: '0012-error-details', sql: errorDetails },
  { name: '0013-replicas', sql: replicas },
  { name: '0014-order-retention', sql: orderRetention },
  { name: '0015-erasures', sql: erasures },
];
