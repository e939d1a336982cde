import { setImmediate as immediate, setTimeout as delay } from 'node:timers/promises';
import autocannon from 'autocannon';
import { sampleOrder } from '../support/sample-order.ts';
import type { SentOrder } from './losses.ts';
import type { OrderSender } from './order-sender.ts';

/** `seconds` or `amount` of orders over connections that send the next one at each answer. */
export interface ClosedLoop {
  connections: number;
  seconds?: number;
  amount?: number;
}

/** @returns how many were accepted, and in how many seconds @throws Error when an order was not accepted */
export async function closedLoop(
  url: string,
  { connections, seconds, amount }: ClosedLoop,
): Promise<{ accepted: number; seconds: number }> {
  const result = await autocannon({
    url: `${url}/v1/orders`,
    method: 'POST',
    connections,
    ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(sampleOrder(1)),
  });
  const accepted = result.statusCodeStats?.['202']?.count ?? 0;
  if (accepted === 0 || result.non2xx > 0 || result.errors > 0) {
    const statuses = JSON.stringify(result.statusCodeStats);
    throw new Error(
      `Of its answers ${accepted} were 202 (${statuses}), and ${result.errors} requests failed.`,
    );
  }
  return { accepted, seconds: (result.finish.getTime() - result.start.getTime()) / 1000 };
}

/** One order of an open loop. */
export interface TimedOrder extends SentOrder {
  /** milliseconds, on the clock of `performance.now()` */
  scheduledAt: number;
  /** from the time at which it was to be sent, also when it was sent late */
  latencyMs: number;
}

/**
 * Sends at a steady rate (orders a second), without waiting for answers. A service that falls behind cannot slow its
 * load down, so its queueing counts.
 */
export async function openLoop(
  sender: OrderSender,
  rate: number,
  { seconds, signal }: { seconds: number; signal?: AbortSignal },
): Promise<TimedOrder[]> {
  const startedAt = performance.now();
  const orders: Promise<TimedOrder>[] = [];
  const count = Math.round(rate * seconds);
  for (let index = 0; index < count && signal?.aborted !== true; index += 1) {
    const scheduledAt = startedAt + (index * 1_000) / rate;
    const early = scheduledAt - performance.now();
    // Also when it is late: answers and signals must come in between.
    await (early > 0 ? delay(early) : immediate());
    orders.push(
      sender.send().then((order) => ({ ...order, scheduledAt, latencyMs: performance.now() - scheduledAt })),
    );
  }
  return Promise.all(orders);
}

/** As many clients as connections, each with one order at a time, until the signal. Refused ones pause for a moment. */
export async function steadyClients(
  sender: OrderSender,
  connections: number,
  signal: AbortSignal,
): Promise<SentOrder[]> {
  const sent: SentOrder[] = [];
  const client = async () => {
    while (!signal.aborted) {
      const order = await sender.send();
      sent.push(order);
      if (order.outcome === 'no answer' || 'refused' in order.outcome) await delay(20);
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return sent;
}
