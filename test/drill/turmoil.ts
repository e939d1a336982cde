import { Adversary } from './adversary.ts';
import { Caller } from './caller.ts';
import type { Ledger } from './ledger.ts';
import { MAX_LINES, runLoad } from './load.ts';
import type { DrillOptions } from './options.ts';
import { createOrderMix } from './order-mix.ts';
import { planFaults } from './plan.ts';
import { Progress } from './progress.ts';
import { sorted } from './report.ts';
import { ServiceCounters } from './service-counters.ts';
import { TOPIC_PREFIX, type Stage } from './stage.ts';
import { abortedWith } from './stopping.ts';
import { produceUndecodable } from './undecodable-records.ts';

export interface Turmoil {
  /** injected, by kind */
  faults: Record<string, number>;
  /** what the services counted meanwhile */
  counters: Record<string, number>;
}

/**
 * Load and adversary side by side, for the minutes; when it resolves no fault is left.
 * @param parts `stop` ends it early, and is aborted by whatever cannot go on
 */
export async function loadAndBreak(
  { seed, minutes, log, store, rate, mix, faults }: DrillOptions,
  { stage, ledger, stop }: { stage: Stage; ledger: Ledger; stop: AbortController },
): Promise<Turmoil> {
  const { signal } = stop;
  const { addresses, broker } = stage;
  const totalMs = minutes * 60_000;
  const startedAt = performance.now();
  const over = abortedWith(signal);
  const timer = setTimeout(() => over.abort(), totalMs);
  const caller = new Caller({ name: `drill-${seed}`, addresses, ledger, maxConnections: MAX_LINES, signal });
  const adversary = new Adversary(stage.faults, stop, signal);
  const counters = new ServiceCounters(stage.members);
  const progress = new Progress(() => ({
    elapsedMs: performance.now() - startedAt,
    totalMs,
    text: `${ledger.entries.length} orders sent, ${adversary.total} faults injected, ${adversary.underWay} under way`,
  }));
  try {
    const work = [
      runLoad({ caller, ledger, nextOrder: createOrderMix(seed, mix), rate, signal: over.signal }),
      adversary.follow(planFaults({ seed, minutes, log, store, kinds: faults })),
      counters.watch(over.signal),
    ];
    if (broker !== undefined && mix === 'all') {
      const { address: brokers } = broker;
      const topicPrefix = TOPIC_PREFIX;
      work.push(produceUndecodable({ brokers, topicPrefix, seed, ledger, over: over.signal, signal }));
    }
    await allOrStop(work, stop);
  } finally {
    clearTimeout(timer);
    progress.stop();
    caller.close();
  }
  return { faults: sorted(adversary.injected), counters: sorted(counters.totals) };
}

/** Waits for all; the first that fails stops the others. */
async function allOrStop(work: readonly Promise<void>[], stop: AbortController): Promise<void> {
  await Promise.all(
    work.map((one) =>
      one.catch((error: unknown) => {
        stop.abort(error);
      }),
    ),
  );
}
