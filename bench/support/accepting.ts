import autocannon from 'autocannon';
import { waitUntil } from '../../tools/support/wait-until.ts';
import { cpuOfPid } from './cpu-time.ts';
import { recordsProcessed } from './many-orders.ts';
import type { MeasuredProcess } from './measured-process.ts';
import { openConnections } from './open-connections.ts';
import { sampleOrder } from './sample-order.ts';

export interface Load {
  /** placed in total, over all requests */
  orders: number;
  connections: number;
  /** other connections, open meanwhile; 0 by default */
  idleConnections?: number;
  /** 1: `POST /v1/orders`; more: `POST /v1/orders/batch` */
  ordersPerRequest: number;
}

export interface Accepting {
  process: MeasuredProcess;
  /** The measurement lasts until all orders are stored, not only accepted. */
  untilStored?: boolean;
  /** pid of a process on which the service depends; its CPU time is measured too */
  broker?: number;
}

export interface AcceptCost {
  /** µs of the process per order */
  cpuMicros: number;
  brokerCpuMicros: number;
  ordersPerSecond: number;
  /** while the connections are open */
  rssBytes: number;
  /** of a request, ms */
  p50: number;
  p99: number;
}

/** @throws Error unless every order is accepted */
export async function costOfAccepting(
  { process, untilStored = false, broker }: Accepting,
  load: Load,
): Promise<AcceptCost> {
  const brokerCpu = () => (broker === undefined ? 0 : cpuOfPid(broker));
  const stored = () => recordsProcessed(process.url, 'placed');
  const storedBefore = untilStored ? await stored() : 0;
  const idle = await openConnections(process.url, load.idleConnections ?? 0);
  const brokerBefore = await brokerCpu();
  const before = await process.usage();
  const startedAt = performance.now();
  const { latency, end } = await placeOrders(process.url, load, async () => {
    const isStored = async () => (await stored()) >= storedBefore + load.orders;
    if (untilStored && !(await waitUntil(isStored, { deadlineMs: 120_000, everyMs: 20 }))) {
      throw new Error('The orders were not stored in time.');
    }
    return { at: performance.now(), usage: await process.usage() };
  });
  if (idle.open() < (load.idleConnections ?? 0)) throw new Error('The server closed idle connections.');
  idle.close();
  return {
    cpuMicros: (end.usage.cpuMicros - before.cpuMicros) / load.orders,
    brokerCpuMicros: ((await brokerCpu()) - brokerBefore) / load.orders,
    ordersPerSecond: (load.orders * 1_000) / (end.at - startedAt),
    rssBytes: end.usage.rssBytes,
    p50: latency.p50,
    p99: latency.p99,
  };
}

/**
 * @param onAnswered runs after the last answer, while the connections are open; autocannon itself ends up to a second later
 * @throws Error unless every order is accepted
 */
export async function placeOrders<End>(
  url: string,
  { orders, connections, ordersPerRequest }: Load,
  onAnswered: () => Promise<End>,
): Promise<{ latency: autocannon.Histogram; end: End }> {
  const isBatch = ordersPerRequest > 1;
  const batch = { orders: Array.from({ length: ordersPerRequest }, (_, index) => sampleOrder(index)) };
  const amount = Math.ceil(orders / ordersPerRequest);
  let answers = 0;
  let ending: Promise<End> | undefined;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(
      {
        url: `${url}/v1/orders${isBatch ? '/batch' : ''}`,
        method: 'POST',
        connections: Math.min(connections, amount),
        amount,
        timeout: ANSWER_TIMEOUT_S,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(isBatch ? batch : sampleOrder(1)),
        // An order of a batch that was refused has a problem in its result.
        ...(isBatch && { verifyBody: (text) => !String(text).includes('"problem"') }),
      },
      (error: Error | null, finished) => (error === null ? resolve(finished) : reject(error)),
    );
    load.on('response', () => {
      answers += 1;
      if (answers < amount) return;
      ending = onAnswered();
      ending.catch(reject);
    });
  });
  const accepted = result.statusCodeStats?.[isBatch ? '207' : '202']?.count ?? 0;
  if (accepted !== amount || result.mismatches > 0 || ending === undefined) {
    const statuses = JSON.stringify(result.statusCodeStats);
    const { errors, timeouts, mismatches } = result;
    throw new Error(
      `Not every order was accepted: ${statuses}, ${mismatches} batches in part, ${errors} errors, ${timeouts} timeouts`,
    );
  }
  return { latency: result.latency, end: await ending };
}

/** A busy machine may take long. */
const ANSWER_TIMEOUT_S = 60;
