import { Tracer } from '../../src/tracing/tracer.ts';
import type { Span } from '../../src/tracing/span.ts';

/** A tracer whose spans the test reads. */
export function recordingTracer({ ratio = 1, parentBased = true } = {}): { tracer: Tracer; spans: Span[] } {
  const spans: Span[] = [];
  const systems = { messaging: 'kafka', topicPrefix: '', consumerGroup: 'workers', database: 'sqlite' };
  const sink = { add: (span: Span) => spans.push(span) };
  return { tracer: new Tracer({ sampler: { ratio, parentBased }, systems, sink }), spans };
}
