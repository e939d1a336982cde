import { resolve } from 'node:path';
import type { Settings } from './settings.ts';

/** Which requests are traced. */
export interface SamplerConfig {
  /** the sampled flag of the caller's trace context decides, if there is one */
  readonly parentBased: boolean;
  /** share of the other requests, from 0 to 1 */
  readonly ratio: number;
}

/** Tracing that is switched on. */
export interface TracingConfig {
  /** `service.name` included */
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly sampler: SamplerConfig;
  readonly exporter: OtlpConfig;
  readonly batches: {
    readonly delayMs: number;
    readonly timeoutMs: number;
    /** spans; further ones are dropped */
    readonly maxWaiting: number;
    /** spans in a request */
    readonly maxSize: number;
  };
}

export interface OtlpConfig {
  readonly url: string;
  /** may contain secrets, never log them */
  readonly headers: Readonly<Record<string, string>>;
  readonly format: 'protobuf' | 'json';
  readonly timeoutMs: number;
  readonly gzip: boolean;
  /** paths of PEM files */
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

const DEFAULT_ENDPOINT = 'http://localhost:4318';
const TRACES_PATH = '/v1/traces';

/** @returns undefined if tracing is off */
export function tracingConfig(values: Settings): TracingConfig | undefined {
  if (values.OTEL_SDK_DISABLED === 'true' || values.OTEL_TRACES_EXPORTER === 'none') return undefined;
  const attributes = pairsOf(values.OTEL_RESOURCE_ATTRIBUTES);
  const name = values.OTEL_SERVICE_NAME === '' ? attributes['service.name'] : values.OTEL_SERVICE_NAME;
  return {
    resourceAttributes: { ...attributes, 'service.name': name ?? 'order-system' },
    sampler: samplerConfig(values),
    exporter: otlpConfig(values),
    batches: {
      delayMs: values.OTEL_BSP_SCHEDULE_DELAY,
      timeoutMs: values.OTEL_BSP_EXPORT_TIMEOUT,
      maxWaiting: values.OTEL_BSP_MAX_QUEUE_SIZE,
      maxSize: values.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
    },
  };
}

function samplerConfig({
  OTEL_TRACES_SAMPLER: sampler,
  OTEL_TRACES_SAMPLER_ARG: share,
}: Settings): SamplerConfig {
  const parentBased = sampler.startsWith('parentbased_');
  if (sampler.endsWith('always_on')) return { parentBased, ratio: 1 };
  if (sampler.endsWith('always_off')) return { parentBased, ratio: 0 };
  return { parentBased, ratio: Number(share) };
}

function otlpConfig(values: Settings): OtlpConfig {
  const protocol = values.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL || values.OTEL_EXPORTER_OTLP_PROTOCOL;
  return {
    url: values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || tracesUrl(values.OTEL_EXPORTER_OTLP_ENDPOINT),
    headers: {
      ...pairsOf(values.OTEL_EXPORTER_OTLP_HEADERS),
      ...pairsOf(values.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    format: protocol === 'http/json' ? 'json' : 'protobuf',
    timeoutMs: values.OTEL_EXPORTER_OTLP_TIMEOUT,
    gzip: values.OTEL_EXPORTER_OTLP_COMPRESSION === 'gzip',
    tls: {
      ...path('ca', values.OTEL_EXPORTER_OTLP_CERTIFICATE),
      ...path('cert', values.OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE),
      ...path('key', values.OTEL_EXPORTER_OTLP_CLIENT_KEY),
    },
  };
}

function tracesUrl(endpoint: string): string {
  return (endpoint === '' ? DEFAULT_ENDPOINT : endpoint).replace(/\/+$/, '') + TRACES_PATH;
}

function path<Name extends string>(name: Name, value: string): Partial<Record<Name, string>> {
  return value === '' ? {} : ({ [name]: resolve(value) } as Record<Name, string>);
}

/** The pairs of `a=1,b=2`, percent-decoded; of a value that is not percent-encoded, its text. */
function pairsOf(text: string): Record<string, string> {
  if (text === '') return {};
  const pairs = text.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [decoded(pair.slice(0, at)), decoded(pair.slice(at + 1).trim())];
  });
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
