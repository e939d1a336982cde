import { setTimeout as delay } from 'node:timers/promises';
import pMap from 'p-map';
import type { RequestableStatus } from '../../src/order/lifecycle.ts';
import { sampleOrder } from './sample-order.ts';

const ORDERS_A_REQUEST = 1_000;
const REQUESTS_AT_ONCE = 256;
const LOOK_INTERVAL_MS = 200;
const MAX_LOOKS = 600;

/** Places so many orders and waits until all are processed; answers their ids. */
export async function placeOrders(url: string, count: number): Promise<string[]> {
  const before = await counted(url, 'placed');
  const ids: string[] = [];
  for (let from = 0; from < count; from += ORDERS_A_REQUEST) {
    const orders = Array.from({ length: Math.min(ORDERS_A_REQUEST, count - from) }, (_, index) =>
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

/** Moves all of them on and waits until all are processed. @throws Error unless every wish is taken */
export async function moveOrders(url: string, ids: readonly string[], to: RequestableStatus): Promise<void> {
  const before = await counted(url, 'moved');
  await pMap(ids, (id) => post(`${url}/v1/orders/${id}/transitions`, { to }, 202), {
    concurrency: REQUESTS_AT_ONCE,
  });
  await until(url, 'moved', before + ids.length);
}

/** Seldom, since each look is a request that the service pays for. */
async function until(url: string, outcome: string, count: number): Promise<void> {
  for (let looks = 0; (await counted(url, outcome)) < count; looks += 1) {
    if (looks === MAX_LOOKS) throw new Error(`Not all of ${count} orders were ${outcome} in time.`);
    await delay(LOOK_INTERVAL_MS);
  }
}

async function counted(url: string, outcome: string): Promise<number> {
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
