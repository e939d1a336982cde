import { readFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { CompressionAlgorithm, OTLPExporterBase } from '@opentelemetry/otlp-exporter-base';
import {
  createOtlpHttpExportDelegate,
  httpAgentFactoryFromOptions,
} from '@opentelemetry/otlp-exporter-base/node-http';
import {
  JsonTraceSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from '@opentelemetry/otlp-transformer';
import { defaultResource, resourceFromAttributes, type Resource } from '@opentelemetry/resources';
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace';
import { within } from '../base/within.ts';
import type { OtlpConfig, TracingConfig } from '../config/tracing-config.ts';
import type { LostSpans } from './lost-spans.ts';
import { OtlpEncoder } from './otlp-encoder.ts';
import type { Attributes, Span, SpanSink } from './span.ts';

const SAMPLED = 1;

/**
 * Sends spans to an OTLP endpoint, with the exporters and the batch processor of the OpenTelemetry SDK. This is the only file
 * that loads the SDK: import it dynamically, so that the service without tracing does not load it.
 *
 * Never delays what is traced: spans wait in a bounded queue, and are dropped when it is full.
 */
export class OtlpSink implements SpanSink {
  readonly #resource: Resource;
  readonly #processor: BatchSpanProcessor;
  readonly #lost: LostSpans;
  readonly #maxWaiting: number;
  #waiting = 0;

  /** @param attributes of the process, in addition to those that are configured */
  constructor(
    { resourceAttributes, exporter, batches }: TracingConfig,
    attributes: Readonly<Record<string, string>>,
    lost: LostSpans,
  ) {
    this.#resource = defaultResource().merge(
      resourceFromAttributes({ ...attributes, ...resourceAttributes }),
    );
    this.#lost = lost;
    this.#maxWaiting = batches.maxWaiting;
    this.#processor = new BatchSpanProcessor({
      exporter: this.#reporting(createExporter(exporter, this.#resource)),
      scheduledDelayMillis: batches.delayMs,
      exportTimeoutMillis: batches.timeoutMs,
      maxQueueSize: batches.maxWaiting,
      maxExportBatchSize: batches.maxSize,
    });
  }

  add(span: Span): void {
    // The processor would drop the span without telling.
    if (this.#waiting >= this.#maxWaiting) {
      this.#lost.add('queue', 1);
      return;
    }
    this.#waiting += 1;
    this.#processor.onEnd(new ExportedSpan(span, this.#resource));
  }

  /** Sends what is waiting. @returns false if that was not done in time */
  close(timeoutMs: number): Promise<boolean> {
    return within(this.#processor.shutdown(), timeoutMs);
  }

  /** The processor learns of no failure: it would only throw, and the spans are lost either way. */
  #reporting(exporter: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        this.#waiting -= spans.length;
        exporter.export(spans, (result) => {
          if (result.code === ExportResultCode.SUCCESS) this.#lost.exported();
          else this.#lost.add('export', spans.length, result.error);
          done({ code: ExportResultCode.SUCCESS });
        });
      },
      shutdown: () => exporter.shutdown(),
    };
  }
}

/** The transport, retries and JSON of the SDK, with our encoder of protobuf. */
function createExporter(config: OtlpConfig, { attributes }: Resource): SpanExporter {
  const isJson = config.format === 'json';
  const encoder = new OtlpEncoder(plainAttributes(attributes));
  const protobuf: typeof JsonTraceSerializer = {
    serializeRequest: (spans) =>
      encoder.encode(spans.flatMap((span) => (span instanceof ExportedSpan ? [span.span] : []))),
    deserializeResponse: (bytes) => ProtobufTraceSerializer.deserializeResponse(bytes),
  };
  const delegate = createOtlpHttpExportDelegate(
    httpOptions(config, isJson ? 'application/json' : 'application/x-protobuf'),
    isJson ? JsonTraceSerializer : protobuf,
    'otlp_http_span_exporter',
    TraceExporterMetricsHelper,
    undefined,
  );
  return new OTLPExporterBase(delegate);
}

type HttpOptions = Parameters<typeof createOtlpHttpExportDelegate>[0];

/** Requests at a time; the processor sends one after the other, except at the stop. */
const MAX_REQUESTS = 30;

function httpOptions({ url, headers, timeoutMs, gzip, tls }: OtlpConfig, mediaType: string): HttpOptions {
  const all = { ...headers, 'content-type': mediaType };
  return {
    url,
    headers: () => Promise.resolve(all),
    timeoutMillis: timeoutMs,
    concurrencyLimit: MAX_REQUESTS,
    compression: gzip ? CompressionAlgorithm.GZIP : CompressionAlgorithm.NONE,
    agentFactory: httpAgentFactoryFromOptions({
      keepAlive: true,
      ...(tls.ca !== undefined && { ca: readFileSync(tls.ca) }),
      ...(tls.cert !== undefined && { cert: readFileSync(tls.cert) }),
      ...(tls.key !== undefined && { key: readFileSync(tls.key) }),
    }),
  };
}

function plainAttributes(attributes: Resource['attributes']): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, String(value)]));
}

/** A span as the SDK reads it. Its times are split only when it is sent. */
class ExportedSpan implements ReadableSpan {
  readonly resource: Resource;
  readonly span: Span;

  constructor(span: Span, resource: Resource) {
    this.span = span;
    this.resource = resource;
  }

  get name(): string {
    return this.span.name;
  }

  get kind(): SpanKind {
    return KINDS[this.span.kind];
  }

  get startTime(): [number, number] {
    return hrTime(this.span.startedAt);
  }

  get endTime(): [number, number] {
    return hrTime(this.span.endedAt);
  }

  get duration(): [number, number] {
    return hrTime(this.span.endedAt - this.span.startedAt);
  }

  get status(): ReadableSpan['status'] {
    const { failure } = this.span;
    return failure === undefined
      ? { code: SpanStatusCode.UNSET }
      : { code: SpanStatusCode.ERROR, message: failure };
  }

  get attributes(): ReadableSpan['attributes'] {
    return this.span.attributes;
  }

  get links(): ReadableSpan['links'] {
    return this.span.links.map(({ traceId, spanId }) => ({
      context: { traceId, spanId, traceFlags: SAMPLED },
    }));
  }

  get parentSpanContext(): ReturnType<ReadableSpan['spanContext']> | undefined {
    const { traceId, parentSpanId: spanId, isParentRemote: isRemote } = this.span;
    return spanId === undefined ? undefined : { traceId, spanId, traceFlags: SAMPLED, isRemote };
  }

  spanContext(): ReturnType<ReadableSpan['spanContext']> {
    return this.span;
  }

  readonly events = NO_EVENTS;
  readonly ended = true;
  readonly instrumentationScope = SCOPE;
  readonly droppedAttributesCount = 0;
  readonly droppedEventsCount = 0;
  readonly droppedLinksCount = 0;
}

/** Ours are the numbers of the SDK. */
const KINDS = [
  SpanKind.INTERNAL,
  SpanKind.SERVER,
  SpanKind.CLIENT,
  SpanKind.PRODUCER,
  SpanKind.CONSUMER,
] as const;
const NO_EVENTS: ReadableSpan['events'] = [];
const SCOPE = { name: 'order-system' };

/** Seconds and nanoseconds of milliseconds. */
function hrTime(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.floor((ms - seconds * 1_000) * 1_000) * 1_000];
}
