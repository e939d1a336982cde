import { readFile } from 'node:fs/promises';
import autocannon from 'autocannon';
import { eventually } from '../../tools/support/eventually.ts';
import { recordsProcessed } from './many-orders.ts';
import type { MeasuredProcess } from './measured-process.ts';
import { sampleOrder } from './sample-order.ts';

export interface Load {
  /** placed in total, over all requests */
  orders: number;
  connections: number;
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
  /** of a request, ms */
  p50: number;
  p99: number;
}

/** @throws Error unless every order is accepted */
export async function costOfAccepting(
  { process, untilStored = false, broker }: Accepting,
  load: Load,
): Promise<AcceptCost> {
  const stored = () => recordsProcessed(process.url, 'placed');
  const storedBefore = untilStored ? await stored() : 0;
  const brokerBefore = await cpuMicrosOf(broker);
  const before = await process.usage();
  const startedAt = performance.now();
  const { latency, finishedAt } = await placeOrders(process.url, load);
  let endedAt = finishedAt;
  if (untilStored) {
    const isStored = async () => (await stored()) >= storedBefore + load.orders;
    await eventually(isStored, { what: 'the orders to be stored', timeoutMs: 120_000 });
    endedAt = performance.now();
  }
  const seconds = (endedAt - startedAt) / 1_000;
  const after = await process.usage();
  return {
    cpuMicros: (after.cpuMicros - before.cpuMicros) / load.orders,
    brokerCpuMicros: ((await cpuMicrosOf(broker)) - brokerBefore) / load.orders,
    ordersPerSecond: load.orders / seconds,
    p50: latency.p50,
    p99: latency.p99,
  };
}

interface Placed {
  /** of requests, ms */
  latency: autocannon.Histogram;
  /** by `performance.now()`: autocannon ends up to a second after the last answer */
  finishedAt: number;
}

/** @throws Error unless every order is accepted */
export async function placeOrders(
  url: string,
  { orders, connections, ordersPerRequest }: Load,
): Promise<Placed> {
  const isBatch = ordersPerRequest > 1;
  const batch = { orders: Array.from({ length: ordersPerRequest }, (_, index) => sampleOrder(index)) };
  const amount = Math.ceil(orders / ordersPerRequest);
  let finishedAt = 0;
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const load = autocannon(
      {
        url: `${url}/v1/orders${isBatch ? '/batch' : ''}`,
        method: 'POST',
        connections: Math.min(connections, amount),
        amount,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(isBatch ? batch : sampleOrder(1)),
        // An order of a batch that was refused has a problem in its result.
        ...(isBatch && { verifyBody: (text) => !String(text).includes('"problem"') }),
      },
      (error: Error | null, finished) => (error === null ? resolve(finished) : reject(error)),
    );
    load.on('response', () => (finishedAt = performance.now()));
  });
  const answered = result.statusCodeStats?.[isBatch ? '207' : '202']?.count ?? 0;
  if (answered !== amount || result.mismatches > 0) {
    const answers = JSON.stringify(result.statusCodeStats);
    throw new Error(`Not every order was accepted: ${answers}, ${result.mismatches} batches in part`);
  }
  return { latency: result.latency, finishedAt };
}

const MICROS_PER_TICK = 10_000;

/** User and system time of a process since its start; 0 where Linux's /proc does not exist. */
async function cpuMicrosOf(pid: number | undefined): Promise<number> {
  if (pid === undefined || process.platform !== 'linux') return 0;
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MICROS_PER_TICK;
}
