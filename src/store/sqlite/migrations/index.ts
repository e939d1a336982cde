import { orders } from './0001-orders.ts';
import { parkingAndDeadLetters } from './0002-parking-and-dead-letters.ts';
import { orderParties } from './0003-order-parties.ts';
import { postingsByBatch } from './0004-postings-by-batch.ts';
import { retryNames } from './0005-retry-names.ts';

/** In the order in which they are applied. One that has been released is never changed: add the next. */
export const SQLITE_MIGRATIONS: readonly { name: string; sql: string }[] = [
  { name: '0001-orders', sql: orders },
  { name: '0002-parking-and-dead-letters', sql: parkingAndDeadLetters },
  { name: '0003-order-parties', sql: orderParties },
  { name: '0004-postings-by-batch', sql: postingsByBatch },
  { name: '0005-retry-names', sql: retryNames },
];
