import { latenciesOf } from './percentile.ts';
import { closedLoop, openLoop } from './loads.ts';
import { isAccepted } from './losses.ts';
import { OrderSender } from './order-sender.ts';
import { usageOf } from './process-usage.ts';
import type { Conditions, Samples } from './results.ts';
import type { Servers, Stage } from './stage.ts';

/** As many orders as the connections carry: orders a second, and the CPU time of each part. */
export async function measureThroughput(
  stage: Stage,
  { kafka }: Servers,
  conditions: Conditions,
  samples: Samples,
): Promise<void> {
  const { connections, seconds, storedOrders } = conditions;
  const databasePid = await stage.databasePid();
  const cpuTimes = async () => {
    const pids = [stage.running.pid, kafka.pid, ...(databasePid === undefined ? [] : [databasePid])];
    return Promise.all(pids.map(async (pid) => (await usageOf(pid)).cpuMicros));
  };
  const storedBefore = await stage.storedCount();
  const before = await cpuTimes();
  const startedAt = performance.now();
  const length = databasePid === undefined ? { seconds } : { amount: storedOrders };
  const { accepted, seconds: taken } = await closedLoop(stage.running.url, { connections, ...length });
  if (databasePid !== undefined) await stage.untilStored(storedBefore + accepted);
  const secondsInAll = databasePid === undefined ? taken : (performance.now() - startedAt) / 1000;
  const after = await cpuTimes();
  const [service = 0, broker = 0, database] = after.map(
    (micros, part) => (micros - (before[part] ?? 0)) / accepted,
  );
  samples.ordersPerSecond.push(accepted / secondsInAll);
  samples.serviceMicros.push(service);
  if (stage.rival.kind !== 'bare') samples.brokerMicros.push(broker);
  if (database !== undefined) samples.databaseMicros.push(database);
}

/** Answers at a steady rate, and the memory that the service has then. @throws Error when an order was not accepted */
export async function measureLatency(
  stage: Stage,
  { rate, openLoopSeconds }: Conditions,
  samples: Samples,
): Promise<void> {
  const sender = new OrderSender(stage.running.url, `open-${samples.p50.length}`);
  try {
    const orders = await openLoop(sender, rate, { seconds: openLoopSeconds });
    const refused = orders.filter((order) => !isAccepted(order)).length;
    if (refused > 0)
      throw new Error(`At ${rate} orders/s, ${refused} of ${orders.length} were not accepted.`);
    const { p50, p99, p999 } = latenciesOf(orders.map(({ latencyMs }) => latencyMs));
    samples.p50.push(p50);
    samples.p99.push(p99);
    samples.p999.push(p999);
    samples.rssBytes.push((await stage.running.usage()).rssBytes);
  } finally {
    sender.close();
  }
}
