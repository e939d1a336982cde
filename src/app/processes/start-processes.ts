import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { mergeMetrics } from '../../base/metrics.ts';
import type { Config } from '../../config/config.ts';
import type { Addresses } from './addresses.ts';
import { NUMBER_VARIABLE } from './siblings.ts';
import { SupervisedProcess } from './supervised-process.ts';

/** As the service of one process. */
export interface RunningProcesses {
  addresses: Partial<Addresses>;
  /** resolves if a process ends again and again */
  failed: Promise<Error>;
  /** @throws Error unless every process ended well */
  stop(): Promise<void>;
}

/**
 * Runs API_PROCESSES processes that share the ports, each a complete api replica. This process only accepts connections and
 * passes them on in turn (node:cluster), collects metrics, and supervises.
 *
 * node:cluster rather than `reusePort`: it works on every Node and platform; a port that another program uses is an error;
 * the connections are spread evenly, not by a hash; and when a process ends, those that wait to be accepted stay alive.
 * @param stopping aborted while processes start: returns soon, perhaps without any; the caller must still stop them
 * @throws ServiceError `internal` if a process cannot start
 */
export async function startProcesses(
  { apiProcesses }: Pick<Config, 'apiProcesses'>,
  logger: Logger,
  stopping: AbortSignal,
): Promise<RunningProcesses> {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  // JSON would turn NaN and Infinity in metrics into null.
  cluster.setupPrimary({ serialization: 'advanced' });
  let giveUp: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    giveUp = resolve;
  });
  const processes = Array.from(
    { length: apiProcesses },
    (_, index) =>
      new SupervisedProcess({ number: index + 1, fork, stopping, allMetrics, onGivenUp: giveUp, logger }),
  );
  async function allMetrics(): Promise<string> {
    const snapshots = await Promise.all(processes.map((process) => process.metrics()));
    return mergeMetrics(snapshots.filter((snapshot) => snapshot !== undefined));
  }
  const stop = () => stopAll(processes);
  try {
    const [first, ...others] = processes;
    // Alone: it migrates the store and creates topics, and what prevents a start is reported once.
    const addresses = (await first?.start()) ?? {};
    if (!stopping.aborted) await settled(others.map((process) => process.start()));
    return { addresses, failed, stop };
  } catch (error) {
    // The signal for this process may reach the others directly, as Ctrl-C does.
    if (stopping.aborted) return { addresses: {}, failed, stop };
    await stop().catch(() => undefined); // the first error is the cause
    throw error;
  }
}

function fork(number: number): ChildProcess {
  const worker = cluster.fork({ [NUMBER_VARIABLE]: String(number) });
  // It repeats the errors of its process, which the supervisor handles.
  worker.on('error', () => undefined);
  return worker.process;
}

/** At the same time: each has SHUTDOWN_TIMEOUT_MS. */
async function stopAll(processes: readonly SupervisedProcess[]): Promise<void> {
  await settled(processes.map((process) => process.stop()));
}

/** Waits for all, then throws the first error. */
async function settled(work: Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw toError(result.reason);
  }
}
