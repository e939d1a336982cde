import { linkedController } from './abort.ts';
import type { ClusterNode } from './cluster-node.ts';
import { startCluster } from './cluster.ts';
import { summarise } from './findings.ts';
import { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import { sorted, type DrillReport } from './report.ts';
import { runFaults } from './run-faults.ts';
import { verify } from './verify.ts';
import { createWatchers } from './watcher.ts';

const LAST_LINES = 20;

export interface DrillEnvironment {
  /** whether this process may mount file systems that only it sees */
  mayMount: boolean;
  /** ends the drill early; everything that was started is closed */
  signal: AbortSignal;
}

/** The drill could not be completed. The message ends with what the services said last. */
class DrillError extends Error {
  constructor(nodes: readonly ClusterNode[], cause: unknown) {
    const said = nodes.map(({ name, exits, lastOutput }) => {
      const ends = exits.map(({ detail }) => detail);
      return [`--- ${name}`, ...ends, ...lastOutput.split('\n').slice(-LAST_LINES)].join('\n');
    });
    super([String(cause), ...said].join('\n'), { cause });
  }
}

/**
 * Starts a cluster, runs load and faults, waits until everything is processed, reads everything back and checks it.
 * @throws the first failure of the drill itself, or the signal's reason
 */
export async function runDrill(
  options: DrillOptions,
  { mayMount, signal: interrupted }: DrillEnvironment,
): Promise<DrillReport> {
  const startedAt = performance.now();
  const ledger = new Ledger();
  const stop = linkedController(interrupted);
  const { signal } = stop;
  const orders = options.minutes * 60 * options.rate;
  const cluster = await startCluster({ ...options, orders, ledger, mayMount, signal });
  const watchers = createWatchers(cluster.addresses);
  try {
    await Promise.all(watchers.map((watcher) => watcher.start()));
    const { faults, counters } = await runFaults(options, { cluster, ledger, stop });
    signal.throwIfAborted();
    const verified = await verify(options, { cluster, ledger, watchers, signal });
    signal.throwIfAborted();
    return {
      options,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      settled: verified.settled,
      faults,
      skipped: cluster.skipped,
      failedStarts: cluster.nodes.reduce((sum, { failedStarts }) => sum + failedStarts, 0),
      deaths: cluster.nodes.reduce((sum, { deaths }) => sum + deaths, 0),
      responses: sorted(ledger.responses),
      orders: verified.orders,
      deadLetters: verified.deadLetters,
      counters,
      verdict: summarise([
        ...cluster.nodes.flatMap(({ exits }) => exits),
        ...cluster.findings,
        ...verified.findings,
      ]),
    };
  } catch (error) {
    throw interrupted.aborted ? error : new DrillError(cluster.nodes, error);
  } finally {
    await Promise.allSettled(watchers.map((watcher) => watcher.stop()));
    await cluster.close();
  }
}
