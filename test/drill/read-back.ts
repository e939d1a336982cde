import pMap from 'p-map';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import { drillNow } from './drill-clock.ts';
import type { Ledger } from './ledger.ts';
import type { HistoryVersion, ListedDeadLetter, ListedOrder, ReadBack } from './read-back-types.ts';
import { realTime } from './real-time.ts';
import { READ_CONCURRENCY, type ServiceReader } from './service-reader.ts';

/** What the service shows over HTTP. */
export type Shown = Pick<ReadBack, 'orders' | 'histories' | 'unlisted' | 'deadLetters'>;

/** Reads all orders, their histories, all dead letters, and the acknowledged orders that the list does not show. */
export async function readBack(
  reader: ServiceReader,
  ledger: Ledger,
  onRead: (histories: number, all: number) => void,
): Promise<Shown> {
  const orders: ListedOrder[] = [];
  for await (const order of reader.orders()) orders.push(order);
  const listed = new Set(orders.map(({ id }) => id));
  const histories = new Map<string, HistoryVersion[]>();
  const window = { from: ledger.startedAt, until: drillNow() };
  const historyOf = async (id: string): Promise<HistoryVersion[]> => {
    const versions = await reader.history(id);
    return versions.map((version) => ({ ...version, at: realTime(version.at, window) }));
  };
  await pMap(
    listed,
    async (id) => {
      histories.set(id, await historyOf(id));
      onRead(histories.size, listed.size);
    },
    { concurrency: READ_CONCURRENCY },
  );
  const unlisted = new Map<string, OrderStatus | undefined>();
  await pMap(
    ledger.entries.filter(({ ids }) => ids.some((id) => !listed.has(id))),
    async ({ ids, location }) => {
      for (const id of ids) unlisted.set(id, await reader.status(location ?? `/v1/orders/${id}`));
    },
    { concurrency: READ_CONCURRENCY },
  );
  const deadLetters: ListedDeadLetter[] = [];
  for await (const deadLetter of reader.deadLetters()) deadLetters.push(deadLetter);
  return { orders, histories, unlisted, deadLetters };
}
