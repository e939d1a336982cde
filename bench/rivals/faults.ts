import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startKafka } from '../../tools/kafka/broker-process.ts';
import { waitUntil } from '../../tools/support/wait-until.ts';
import { openLoop, steadyClients } from './loads.ts';
import { lossesOf, type SentOrder } from './losses.ts';
import { OrderSender } from './order-sender.ts';
import type { Conditions, KillResult, OutageResult } from './results.ts';
import { AFTER_OUTAGE_MS, outageResult } from './outage-result.ts';
import type { Servers, Stage } from './stage.ts';

const OUTAGE_FOLDER = 'kafka-outage';
const KILL_AFTER_MS = 3_000;
const KEPT_DEADLINE_MS = 90_000;
/** per second; some ten rivals share the machine during the outage */
const OUTAGE_RATE = 50;
const BEFORE_OUTAGE_MS = 5_000;

/** SIGKILL while clients place orders. One that stores is started again, and its database is compared. */
export async function killUnderLoad(stage: Stage, { connections }: Conditions): Promise<KillResult> {
  const sender = new OrderSender((await stage.start()).url, 'killed');
  const end = new AbortController();
  try {
    const clients = steadyClients(sender, connections, end.signal);
    await delay(KILL_AFTER_MS);
    await stage.running.kill();
    end.abort();
    const sent = await clients;
    if (stage.rival.kind !== 'store') return lossesOf(sent, await stage.kept());
    await stage.start();
    const restartedAt = performance.now();
    await untilKept(stage, sent);
    return { ...lossesOf(sent, await stage.kept()), storedAfterMs: performance.now() - restartedAt };
  } finally {
    end.abort();
    sender.close();
  }
}

/** A new, empty broker: after a kill it need not check the logs of everything that was measured before. */
export async function replaceKafka(servers: Servers): Promise<void> {
  await servers.kafka.stop();
  servers.kafka = await startKafka({ dataDirectory: join(servers.folder, OUTAGE_FOLDER) });
}

/** Kills the broker of `replaceKafka` while all take orders, and starts it again. The stages must run. */
export async function brokerOutage(
  stages: readonly Stage[],
  servers: Servers,
  { outageSeconds }: Conditions,
): Promise<{ outageMs: number; results: Map<Stage, OutageResult> }> {
  const end = new AbortController();
  const seconds = 2 * (outageSeconds + (BEFORE_OUTAGE_MS + AFTER_OUTAGE_MS) / 1000) + 60;
  const senders = stages.map(({ running }) => new OrderSender(running.url, 'outage'));
  const loads = senders.map((sender) => openLoop(sender, OUTAGE_RATE, { seconds, signal: end.signal }));
  try {
    await delay(BEFORE_OUTAGE_MS);
    const { port } = servers.kafka;
    await servers.kafka.kill();
    const killedAt = performance.now();
    await delay(outageSeconds * 1_000);
    servers.kafka = await startKafka({ port, dataDirectory: join(servers.folder, OUTAGE_FOLDER) });
    const readyAt = performance.now();
    await delay(AFTER_OUTAGE_MS);
    end.abort();
    const results = new Map<Stage, OutageResult>();
    for (const [index, stage] of stages.entries()) {
      const sent = (await loads[index]) ?? [];
      if (stage.rival.kind === 'store') await untilKept(stage, sent);
      results.set(stage, outageResult(sent, await stage.kept(), readyAt));
    }
    return { outageMs: readyAt - killedAt, results };
  } finally {
    end.abort();
    await Promise.all(loads);
    for (const sender of senders) sender.close();
  }
}

/** Waits until the database has what was acknowledged. What is missing at the deadline is lost. */
async function untilKept(stage: Stage, sent: readonly SentOrder[]): Promise<void> {
  const hasAll = async () => lossesOf(sent, await stage.kept()).lost === 0;
  await waitUntil(hasAll, { deadlineMs: KEPT_DEADLINE_MS, everyMs: 250 });
}
