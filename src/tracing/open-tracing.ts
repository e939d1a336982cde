import type { Logger } from '../base/logger.ts';
import type { TracingConfig } from '../config/tracing-config.ts';
import { LostSpans, type LossReason } from './lost-spans.ts';
import { Tracer, type TracedSystems } from './tracer.ts';

export interface TracingParts {
  systems: TracedSystems;
  version: string;
  /** identifies the process among all of the service */
  instance: string;
  logger: Logger;
  onLost: (reason: LossReason, spans: number) => void;
}

export interface Tracing {
  tracer: Tracer;
  /** Sends the spans that are waiting, for at most this long. */
  close: (timeoutMs: number) => Promise<void>;
}

/** Loads the OpenTelemetry SDK: call it only if tracing is on. */
export async function openTracing(
  config: TracingConfig,
  { systems, version, instance, logger, onLost }: TracingParts,
): Promise<Tracing> {
  const { OtlpSink } = await import('./otlp-sink.ts');
  const attributes = { 'service.version': version, 'service.instance.id': instance };
  const sink = new OtlpSink(config, attributes, new LostSpans({ logger, onLost }));
  return {
    tracer: new Tracer({ sampler: config.sampler, systems, sink }),
    close: async (timeoutMs) => {
      if (await sink.close(timeoutMs)) return;
      logger.warn('The last spans could not be sent in time.');
    },
  };
}
