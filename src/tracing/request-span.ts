import type { IncomingMessage } from 'node:http';
import { traceparentOf } from '../base/trace-context.ts';
import type { Span } from './span.ts';
import type { Tracer } from './tracer.ts';

/** Probes, metrics, pages and documentation are not traced: they would be most of the traces of a quiet service. */
const TRACED_PATH = '/v1/';

/** @returns undefined if the request is not sampled */
export function startHttpRequest(
  tracer: Tracer,
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
): Span | undefined {
  if (!url.startsWith(TRACED_PATH)) return undefined;
  return tracer.startRequest(traceparentOf(headers.traceparent));
}

/** Ends the span of a request whose response begins. @param url may contain a query, which may be secret */
export function endHttpRequest(
  tracer: Tracer,
  span: Span,
  { method, route, url, status }: { method: string; route: string; url: string; status: number },
): void {
  span.name = `${method} ${route}`;
  const query = url.indexOf('?');
  const attributes: Record<string, string | number> = {
    'http.request.method': method,
    'http.route': route,
    'url.path': query < 0 ? url : url.slice(0, query),
    'url.scheme': 'http',
    'http.response.status_code': status,
  };
  if (status >= 500) {
    attributes['error.type'] = String(status);
    span.failure = `The response was ${status}.`;
  }
  span.attributes = attributes;
  tracer.end(span);
}

/** Ends the span of a gRPC call. @param path `/package.Service/Method` @param status its name, such as `OK` */
export function endCall(tracer: Tracer, span: Span, path: string, status: string): void {
  const method = path.slice(1);
  span.name = method;
  span.attributes = {
    'rpc.system.name': 'grpc',
    'rpc.method': method,
    'rpc.response.status_code': status,
    ...(SERVER_FAILURES.has(status) ? { 'error.type': status } : undefined),
  };
  if (SERVER_FAILURES.has(status)) span.failure = `The call ended with ${status}.`;
  tracer.end(span);
}

/** By https://opentelemetry.io/docs/specs/semconv/rpc/grpc/: the other codes are of callers. */
const SERVER_FAILURES: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'DEADLINE_EXCEEDED',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
]);
