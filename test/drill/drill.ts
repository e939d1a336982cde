import { lookAtEverything } from './aftermath.ts';
import { summarise } from './findings.ts';
import { Ledger } from './ledger.ts';
import type { DrillOptions } from './options.ts';
import { sorted, type DrillReport } from './report.ts';
import { openStage } from './stage.ts';
import { abortedWith } from './stopping.ts';
import { loadAndBreak } from './turmoil.ts';

export interface DrillSurroundings {
  /** whether this process may mount what nobody else sees */
  mayMount: boolean;
  /** ends the drill early; what was opened is closed */
  signal: AbortSignal;
}

/**
 * Opens a stage, lets load and adversary loose on it, waits until all is processed, reads everything back and checks it.
 * @throws what could not be done, or the signal's reason
 */
export async function runDrill(options: DrillOptions, around: DrillSurroundings): Promise<DrillReport> {
  const startedAt = performance.now();
  const ledger = new Ledger();
  const stop = abortedWith(around.signal);
  const { signal } = stop;
  const { log, store, minutes, rate } = options;
  const stage = await openStage({
    ...{ log, store, orders: minutes * 60 * rate },
    ...{ mayMount: around.mayMount, signal },
  });
  try {
    const { faults, counters } = await loadAndBreak(options, { stage, ledger, stop });
    signal.throwIfAborted();
    const { settled, findings, orders, deadLetters } = await lookAtEverything(options, {
      stage,
      ledger,
      signal,
    });
    signal.throwIfAborted();
    return {
      options,
      seconds: Math.round((performance.now() - startedAt) / 1000),
      settled,
      faults,
      leftOut: stage.leftOut,
      failedStarts: stage.members.reduce((sum, { failedStarts }) => sum + failedStarts, 0),
      answers: sorted(ledger.answers),
      orders,
      deadLetters,
      counters,
      verdict: summarise([...stage.members.flatMap(({ ends }) => ends), ...findings]),
    };
  } finally {
    await stage.close();
  }
}
