import { linkedController } from './abort.ts';
import { Client } from './client.ts';
import { TOPIC_PREFIX, type Cluster } from './cluster.ts';
import type { Ledger } from './ledger.ts';
import { untilNoneIsolated } from './isolation.ts';
import { loadFaults } from './load-faults.ts';
import { MAX_CONCURRENT_ORDERS, runLoad } from './load.ts';
import { Nemesis } from './nemesis.ts';
import type { DrillOptions } from './options.ts';
import { createOrderMix } from './order-mix.ts';
import { planFaults } from './plan.ts';
import { Progress } from './progress.ts';
import { sorted } from './report.ts';
import { ServiceCounters } from './service-counters.ts';

export interface FaultRun {
  /** injected, by kind */
  faults: Record<string, number>;
  /** what the services counted in that time */
  counters: Record<string, number>;
}

/**
 * Runs the load and the nemesis side by side for the given minutes. No fault is left when it resolves.
 * @param run.stop ends it early; it is also aborted by the first part that fails
 */
export async function runFaults(
  { seed, minutes, log, store, rate, mix, faults }: DrillOptions,
  { cluster, ledger, stop }: { cluster: Cluster; ledger: Ledger; stop: AbortController },
): Promise<FaultRun> {
  const { signal } = stop;
  const { addresses, broker } = cluster;
  const totalMs = minutes * 60_000;
  const startedAt = performance.now();
  const timeOver = linkedController(signal);
  const timer = setTimeout(() => timeOver.abort(), totalMs);
  const maxConnections = MAX_CONCURRENT_ORDERS;
  const client = new Client({ name: `drill-${seed}`, addresses, ledger, maxConnections, signal });
  const faultsOfLoad = loadFaults({
    ...{ client, ledger, addresses },
    untilNoneIsolated: (signal) => untilNoneIsolated(cluster.nodes, signal),
  });
  const nemesis = new Nemesis([...cluster.faults, ...faultsOfLoad], stop, signal);
  const counters = new ServiceCounters(cluster.nodes);
  const progress = new Progress(() => ({
    elapsedMs: performance.now() - startedAt,
    totalMs,
    text: `${ledger.entries.length} orders sent, ${nemesis.total} faults injected, ${nemesis.active} active`,
  }));
  try {
    const work = [
      runLoad({ client, ledger, nextOrder: createOrderMix(seed, mix), rate, signal: timeOver.signal }),
      nemesis.run(planFaults({ seed, minutes, log, store, kinds: faults })),
      counters.watch(timeOver.signal),
    ];
    if (broker !== undefined && mix === 'all') {
      // Loaded here, so that a drill on the embedded log needs no node-rdkafka.
      const { produceUndecodable } = await import('./undecodable-records.ts');
      const target = { brokers: broker.address, topicPrefix: TOPIC_PREFIX };
      work.push(produceUndecodable({ ...target, seed, ledger, timeOver: timeOver.signal, signal }));
    }
    await allOrStop(work, stop);
  } finally {
    clearTimeout(timer);
    progress.stop();
    client.close();
  }
  return { faults: sorted(nemesis.injected), counters: sorted(counters.totals) };
}

/** Waits for all; the first that fails stops the others. */
async function allOrStop(work: readonly Promise<void>[], stop: AbortController): Promise<void> {
  await Promise.all(work.map((part) => part.catch((error: unknown) => stop.abort(error))));
}
