import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { EventLog } from '../log/event-log.ts';
import type { BatchRequest } from '../processing/batch.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { FailurePolicy } from './failure-policy.ts';
import type { PartitionOwnership } from './partition-ownership.ts';
import type { PublishStatuses } from './publish.ts';

/** What a lane needs to run batches and retries. */
export interface LaneContext {
  /** the unique name of the lane */
  name: string;
  /** the name under which the store keeps the progress of the commands topic */
  topic: string;
  log: Pick<EventLog, 'append'>;
  pool: Pick<BatchPool, 'run'>;
  publish: PublishStatuses;
  failurePolicy: FailurePolicy;
  ownership: PartitionOwnership;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
  monotonicClock: MonotonicClock;
  /** undefined: tracing is off */
  tracer?: Tracer | undefined;
}

/** The maximum number of orders that are isolated together. If their process ends, each of them is suspected. */
export const ISOLATED_ORDERS = 16;

/** How a part of a batch, or a run of retries, is processed. */
export interface Mode {
  poisonReason: string | undefined;
  /** nothing else is processed meanwhile, and the store records the orders that are being processed */
  isolated: boolean;
  /** calls are not detached, because one of these orders may end its thread */
  patient: boolean;
}

type ModeRules = Pick<BatchRequest, 'topic' | 'recent' | 'poisonReason' | 'isolatedOrdersOf' | 'patient'>;

/** The part of a request to a thread that follows from the mode and from the failures so far. */
export function modeRules(
  { poisonReason, isolated, patient }: Mode,
  { topic, failurePolicy, ownership }: LaneContext,
): ModeRules {
  return {
    topic,
    recent: failurePolicy.deadLetterRate.counts(),
    poisonReason,
    isolatedOrdersOf: isolated ? ownership.owner : undefined,
    patient: patient || ownership.uncleanEnds.isSuspicious,
  };
}
