import pMap from 'p-map';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import type { Ledger } from './ledger.ts';
import type { ListedDeadLetter, ListedOrder, ReadBack } from './read-back-types.ts';
import { READING_CONCURRENCY, type ServiceReader } from './service-reader.ts';

/** What the service shows over HTTP. */
export type Shown = Pick<ReadBack, 'orders' | 'histories' | 'unlisted' | 'deadLetters'>;

/** Reads everything: the list, a history for each order, the dead letters, and what the list does not show. */
export async function readBack(
  reader: ServiceReader,
  ledger: Ledger,
  onRead: (histories: number, all: number) => void,
): Promise<Shown> {
  const orders: ListedOrder[] = [];
  for await (const order of reader.orders()) orders.push(order);
  const listed = new Set(orders.map(({ id }) => id));
  const histories: [string, Awaited<ReturnType<ServiceReader['history']>>][] = [];
  await pMap(
    listed,
    async (id) => {
      histories.push([id, await reader.history(id)]);
      onRead(histories.length, listed.size);
    },
    { concurrency: READING_CONCURRENCY },
  );
  const unlisted = new Map<string, OrderStatus | undefined>();
  await pMap(
    ledger.entries.filter(({ ids }) => ids.some((id) => !listed.has(id))),
    async ({ ids, location }) => {
      for (const id of ids) unlisted.set(id, await reader.status(location ?? `/v1/orders/${id}`));
    },
    { concurrency: READING_CONCURRENCY },
  );
  const deadLetters: ListedDeadLetter[] = [];
  for await (const letter of reader.deadLetters()) deadLetters.push(letter);
  return { orders, histories: new Map(histories), unlisted, deadLetters };
}
