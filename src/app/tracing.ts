import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Config } from '../config/config.ts';
import { openTracing } from '../tracing/open-tracing.ts';
import type { Tracer, TracedSystems } from '../tracing/tracer.ts';
import type { Lifecycle } from './lifecycle.ts';

/** The most that a stop waits for the OTLP endpoint. */
const MAX_CLOSE_MS = 5_000;

export interface StartTracingParts {
  lifecycle: Lifecycle;
  metrics: Pick<Metrics, 'spansLost'>;
  logger: Logger;
  version: string;
  replica: string;
}

/**
 * Starts tracing. Call it before you start anything that is traced: tracing then closes last, and sends the spans of the last orders.
 * @returns undefined if tracing is off: then nothing is loaded
 */
export async function startTracing(
  config: Config,
  { lifecycle, metrics, logger, version, replica }: StartTracingParts,
): Promise<Tracer | undefined> {
  if (config.tracing === undefined) return undefined;
  const { tracer, close } = await openTracing(config.tracing, {
    systems: systemsOf(config),
    version,
    instance: replica,
    logger,
    onLost: (reason, spans) => metrics.spansLost.inc({ reason }, spans),
  });
  lifecycle.opened('tracing', () => close(Math.min(MAX_CLOSE_MS, config.shutdownTimeoutMs / 4)));
  return tracer;
}

function systemsOf({ eventLog, kafkaTopicPrefix, kafkaGroupId, database }: Config): TracedSystems {
  const isKafka = eventLog === 'kafka';
  return {
    messaging: isKafka ? 'kafka' : 'order-system',
    topicPrefix: isKafka ? kafkaTopicPrefix : '',
    consumerGroup: kafkaGroupId,
    database: database.kind === 'postgres' ? 'postgresql' : 'sqlite',
  };
}
