import cluster from 'node:cluster';
import type { MetricsSnapshot } from '../../base/metrics.ts';
import { ServiceError } from '../../base/errors.ts';
import type { Addresses } from './addresses.ts';
import { Channel } from './channel.ts';

/** Set by the supervisor in the environment of each process that it starts. */
export const NUMBER_VARIABLE = 'ORDER_SYSTEM_CLUSTER_NUMBER';

/** The supervisor itself waits less for each process. */
const ALL_METRICS_TIMEOUT_MS = 10_000;

/** The supervisor only notes it. */
const READY_TIMEOUT_MS = 60_000;

/** The other API_PROCESSES, as one of them sees them. */
export interface Siblings {
  /** of this process, from 1; a process that replaces another has its number */
  readonly number: number;
  /** Tells the supervisor that this process serves. */
  reportReady(addresses: Partial<Addresses>): Promise<void>;
  /** Sets what the supervisor gets when it collects metrics. */
  offerMetrics(read: () => Promise<MetricsSnapshot>): void;
  /** The metrics of all processes in Prometheus' text format. @throws ServiceError `internal` */
  allMetrics(): Promise<string>;
}

/** @returns undefined if this process is not one of API_PROCESSES */
export function findSiblings(environment: NodeJS.ProcessEnv): Siblings | undefined {
  const number = Number(environment[NUMBER_VARIABLE] ?? 0);
  if (!cluster.isWorker || number === 0) return undefined;
  let readMetrics: () => Promise<MetricsSnapshot> = () => Promise.resolve([]);
  const channel = new Channel(
    {
      send: (message, callback) => {
        if (process.send === undefined || !process.connected) callback(ended());
        else process.send(message, undefined, undefined, callback);
      },
      onMessage: (listener) => process.on('message', listener),
    },
    { metrics: () => readMetrics(), alive: () => true },
  );
  return {
    number,
    reportReady: async (addresses) => {
      await channel.ask('ready', READY_TIMEOUT_MS, addresses);
    },
    offerMetrics: (read) => {
      readMetrics = read;
    },
    allMetrics: async () => String(await channel.ask('all-metrics', ALL_METRICS_TIMEOUT_MS)),
  };
}

function ended(): ServiceError {
  return new ServiceError('internal', 'the supervisor has ended');
}
