import type { Migration } from '../../sql/migrations.ts';
import { orders } from './0001-orders.ts';
import { parkingAndDeadLetters } from './0002-parking-and-dead-letters.ts';
import { statusHistory } from './0005-status-history.ts';
import { partitionOwners } from './0006-partition-owners.ts';
import { unansweredCalls } from './0007-unanswered-calls.ts';
import { queuedEventOrder } from './0008-queued-event-order.ts';
import { apiKeys } from './0009-api-keys.ts';
import { errorDetails } from './0010-error-details.ts';
import { replicas } from './0011-replicas.ts';
import { orderRetention } from './0012-order-retention.ts';
import { erasures } from './0013-erasures.ts';

/** In the order of application. Never change a released migration; add another one. */
export const POSTGRES_MIGRATIONS: readonly Migration[] = [
  { name: '0001-orders', sql: orders },
  { name: '0002-parking-and-dead-letters', sql: parkingAndDeadLetters },
  // `parked` used to mean retrying orders as well as exhausted dead letters.
  {
    name: '0003-retry-names',
    sql: `
      ALTER TABLE parked_orders RENAME TO retrying_orders;
      ALTER TABLE retrying_orders RENAME COLUMN settled TO completed;
      ALTER TABLE retrying_orders RENAME CONSTRAINT parked_orders_pkey TO retrying_orders_pkey;
      ALTER TABLE parked_events RENAME TO retrying_events;
      ALTER TABLE retrying_events RENAME CONSTRAINT parked_events_pkey TO retrying_events_pkey;
      ALTER INDEX parked_orders_by_due RENAME TO retrying_orders_by_due;
      UPDATE dead_letters SET state = 'exhausted' WHERE state = 'parked';`,
  },
  // Both tell whether the event log is the one that filled this store. `last_record` is null until the next batch.
  {
    name: '0004-log-identities',
    sql: `
      CREATE TABLE log_identities (topic text COLLATE "C" PRIMARY KEY, identity text NOT NULL);
      ALTER TABLE progress ADD COLUMN last_record text;`,
  },
  { name: '0005-status-history', sql: statusHistory },
  { name: '0006-partition-owners', sql: partitionOwners },
  { name: '0007-unanswered-calls', sql: unansweredCalls },
  { name: '0008-queued-event-order', sql: queuedEventOrder },
  { name: '0009-api-keys', sql: apiKeys },
  { name: '0010-error-details', sql: errorDetails },
  { name: '0011-replicas', sql: replicas },
  { name: '0012-order-retention', sql: orderRetention },
  { name: '0013-erasures', sql: erasures },
];
