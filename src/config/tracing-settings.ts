import type { SettingSchema } from './setting-schema.ts';

const THEME = { theme: 'Tracing' } as const;
const DURATION = { type: 'integer', unit: 'ms', maximum: 3_600_000 } as const;
const COUNT = { type: 'integer', unit: 'spans', minimum: 1, maximum: 1_000_000 } as const;
const FILE = { type: 'string', default: '', expects: 'the path of a PEM file' } as const;
const ADDRESS = { type: 'string', pattern: '^https?://[^\\s/?#@]+[^\\s@]*$', default: '' } as const;
const PROTOCOL = {
  type: 'string',
  pattern: '^http/(protobuf|json)$',
  expects: 'http/protobuf or http/json, which collectors receive on port 4318; grpc is not supported',
} as const;
const PAIRS = {
  type: 'string',
  pattern: '^[^=,\\s]+=[^,]*(,[^=,\\s]+=[^,]*)*$',
  default: '',
  expects: 'name=value pairs separated by commas, with special characters percent-encoded',
} as const;

/** The names and defaults are those of the OpenTelemetry specification; settings that it has and that are missing here have no effect. */
export const TRACING_SETTINGS = {
  OTEL_TRACES_EXPORTER: {
    ...THEME,
    type: 'string',
    enum: ['otlp', 'none'],
    defaultText: 'otlp when an endpoint is set, else none',
    description:
      'Where traces go: to an OTLP endpoint, or nowhere (none): then tracing is off and costs nothing.',
  },
  OTEL_SDK_DISABLED: {
    ...THEME,
    type: 'string',
    enum: ['true', 'false'],
    default: 'false',
    description: 'Whether tracing is off whatever else is set.',
  },
  OTEL_SERVICE_NAME: {
    ...THEME,
    type: 'string',
    default: '',
    expects: 'any text',
    description:
      'The name of the service in traces; without it service.name of OTEL_RESOURCE_ATTRIBUTES, else order-system.',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    ...THEME,
    ...PAIRS,
    description:
      'What all spans of the process say about it, such as deployment.environment.name=production.',
  },
  OTEL_TRACES_SAMPLER: {
    ...THEME,
    type: 'string',
    enum: [
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ],
    default: 'parentbased_always_on',
    description:
      'Which requests are traced. With parentbased_… the traceparent of the caller decides, if there is one; with traceidratio only its trace id; with always_… nothing of it.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    ...THEME,
    type: 'string',
    pattern: '^(0(\\.\\d+)?|1(\\.0+)?)$',
    expects: 'a number from 0 to 1, such as 0.01',
    default: '1',
    description: 'The share of requests that traceidratio and parentbased_traceidratio trace.',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    ...THEME,
    ...ADDRESS,
    expects: 'an http or https address without credentials, such as http://collector:4318',
    description:
      'The OTLP/HTTP endpoint, to which /v1/traces is appended; it turns tracing on. Without it: http://localhost:4318.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    ...THEME,
    ...ADDRESS,
    expects: 'an http or https address without credentials, such as http://collector:4318/v1/traces',
    description: 'The complete address for traces, instead of OTEL_EXPORTER_OTLP_ENDPOINT.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    ...THEME,
    ...PAIRS,
    description: 'Headers of the requests to the endpoint, such as a token; never shown.',
  },
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: {
    ...THEME,
    ...PAIRS,
    description: 'More headers of the requests; they win over OTEL_EXPORTER_OTLP_HEADERS. Never shown.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    ...THEME,
    ...PROTOCOL,
    default: 'http/protobuf',
    description: 'The form in which spans are sent.',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: {
    ...THEME,
    ...PROTOCOL,
    default: '',
    description: 'The same for traces only; it wins over OTEL_EXPORTER_OTLP_PROTOCOL.',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    ...THEME,
    ...DURATION,
    minimum: 1,
    default: 10_000,
    description: 'How long a request to the endpoint may take, with its retries.',
  },
  OTEL_EXPORTER_OTLP_COMPRESSION: {
    ...THEME,
    type: 'string',
    enum: ['none', 'gzip'],
    default: 'none',
    description: 'How the requests are compressed.',
  },
  OTEL_EXPORTER_OTLP_CERTIFICATE: {
    ...THEME,
    ...FILE,
    description: 'The certificates by which the endpoint is trusted, instead of those of Node.',
  },
  OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: {
    ...THEME,
    ...FILE,
    description: 'The certificate chain by which the endpoint knows this service (mTLS).',
  },
  OTEL_EXPORTER_OTLP_CLIENT_KEY: {
    ...THEME,
    ...FILE,
    description:
      'The private key of OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE; a file that every user may read is refused.',
  },
  OTEL_BSP_SCHEDULE_DELAY: {
    ...THEME,
    ...DURATION,
    minimum: 1,
    default: 5_000,
    description: 'How long spans are collected before they are sent.',
  },
  OTEL_BSP_EXPORT_TIMEOUT: {
    ...THEME,
    ...DURATION,
    minimum: 1,
    default: 30_000,
    description: 'How long sending spans may take before they are dropped.',
  },
  OTEL_BSP_MAX_QUEUE_SIZE: {
    ...THEME,
    ...COUNT,
    default: 2_048,
    description:
      'How many spans may wait to be sent; further ones are dropped, so that orders never wait for traces.',
  },
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: {
    ...THEME,
    ...COUNT,
    default: 512,
    description: 'How many spans one request carries.',
  },
} as const satisfies Record<string, SettingSchema>;
