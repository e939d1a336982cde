import { orders } from './0001-orders.ts';

/** In the order in which they are applied. One that has been released is never changed: add the next. */
export const SQLITE_MIGRATIONS: readonly { name: string; sql: string }[] = [
  { name: '0001-orders', sql: orders },
];
