import { fileURLToPath } from 'node:url';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

/** A span as a receiver of OTLP reads it. */
export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** undefined: the root of its trace */
  parentSpanId: string | undefined;
  name: string;
  /** as OTLP numbers them: 1 internal, 2 server, 3 client, 4 producer, 5 consumer */
  kind: number;
  startNanos: bigint;
  endNanos: bigint;
  attributes: Record<string, string | number | boolean>;
  links: { traceId: string; spanId: string }[];
  /** undefined if it did not fail */
  failure: string | undefined;
  flags: number;
  /** the attributes of its process */
  resource: Record<string, string | number | boolean>;
}

interface Pair {
  key: string;
  value: { stringValue?: string; boolValue?: boolean; intValue?: string | number; doubleValue?: number };
}

interface Request {
  resourceSpans: {
    resource: { attributes: Pair[] };
    scopeSpans: { spans: EncodedSpan[] }[];
  }[];
}

interface EncodedSpan {
  traceId: Buffer | string;
  spanId: Buffer | string;
  parentSpanId?: Buffer | string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: Pair[];
  links?: { traceId: Buffer | string; spanId: Buffer | string }[];
  status?: { code?: number; message?: string } | null;
  flags?: number;
}

const proto = fileURLToPath(new URL('../../../../tools/support/otlp/trace.proto', import.meta.url));

/** Reads the body of an OTLP/HTTP request as protobuf. */
export function decodeProtobuf(body: Buffer): ReceivedSpan[] {
  const definition = loadSync(proto, { longs: String, oneofs: false, arrays: true });
  const service = definition['otlp.TraceService'] as ServiceDefinition;
  return spansOf(service.Export?.requestDeserialize(body) as Request);
}

/** Reads OTLP JSON: the body of a request, or a line that the file exporter of a Collector has written. */
export function decodeJson(text: string): ReceivedSpan[] {
  return spansOf(JSON.parse(text) as Request);
}

function spansOf({ resourceSpans }: Request): ReceivedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => spanOf(span, pairsOf(resource.attributes)))),
  );
}

function spanOf(span: EncodedSpan, resource: ReceivedSpan['resource']): ReceivedSpan {
  const parent = hexOf(span.parentSpanId ?? '');
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    parentSpanId: parent === '' ? undefined : parent,
    name: span.name,
    kind: span.kind,
    startNanos: BigInt(span.startTimeUnixNano),
    endNanos: BigInt(span.endTimeUnixNano),
    attributes: pairsOf(span.attributes ?? []),
    links: (span.links ?? []).map(({ traceId, spanId }) => ({
      traceId: hexOf(traceId),
      spanId: hexOf(spanId),
    })),
    failure: span.status?.code === 2 ? (span.status.message ?? '') : undefined,
    flags: span.flags ?? 0,
    resource,
  };
}

function hexOf(id: Buffer | string): string {
  return typeof id === 'string' ? id : id.toString('hex');
}

function pairsOf(pairs: readonly Pair[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map(({ key, value: { stringValue, boolValue, intValue, doubleValue } }) => [
      key,
      stringValue ?? boolValue ?? (intValue === undefined ? (doubleValue ?? 0) : Number(intValue)),
    ]),
  );
}
