import { setTimeout as delay } from 'node:timers/promises';
import pMap from 'p-map';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { sampleOrder } from './sample-order.ts';

const ORDERS_PER_REQUEST = 1_000;
const CONCURRENCY = 256;
const INTERVAL_MS = 200;
const MAX_CHECKS = 600;

/** Places orders and waits until all are processed. @returns their ids */
export async function placeOrders(url: string, count: number): Promise<string[]> {
  const before = await recordsProcessed(url, 'placed');
  const ids: string[] = [];
  for (let from = 0; from < count; from += ORDERS_PER_REQUEST) {
    const orders = Array.from({ length: Math.min(ORDERS_PER_REQUEST, count - from) }, (_, index) =>
      sampleOrder(from + index),
    );
    const { results } = (await post(`${url}/v1/orders/batch`, { orders }, 207)) as {
      results: { id: string }[];
    };
    ids.push(...results.map(({ id }) => id));
  }
  await until(url, 'placed', before + count);
  return ids;
}

/** Requests a transition of each order and waits until all are processed. @throws Error unless all are accepted */
export async function moveOrders(url: string, ids: readonly string[], to: RequestableStatus): Promise<void> {
  const before = await recordsProcessed(url, 'moved');
  await pMap(ids, (id) => post(`${url}/v1/orders/${id}/transitions`, { to }, 202), {
    concurrency: CONCURRENCY,
  });
  await until(url, 'moved', before + ids.length);
}

/** Checks rarely, since the service pays for each request. */
async function until(url: string, outcome: string, count: number): Promise<void> {
  for (let checks = 0; (await recordsProcessed(url, outcome)) < count; checks += 1) {
    if (checks === MAX_CHECKS) throw new Error(`Fewer than ${count} records were ${outcome} in time.`);
    await delay(INTERVAL_MS);
  }
}

/** From the service's metrics. */
export async function recordsProcessed(url: string, outcome: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const found = new RegExp(`orders_records_processed_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text);
  return Number(found?.[1] ?? 0);
}

async function post(url: string, body: unknown, expected: number): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status !== expected) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response.json();
}
