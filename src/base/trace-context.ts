/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00 */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const LENGTH = 55;

/** Where a span is: in hexadecimal digits, as `traceparent` has them. */
export interface SpanContext {
  traceId: string;
  spanId: string;
}

/** The caller's trace context; undefined if it is missing or malformed. */
export function traceparentOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && TRACEPARENT.test(header) ? header : undefined;
}

/** The context of a traceparent that is sampled; undefined if it is not, or if it is malformed. */
export function sampledContext(traceparent: string | undefined): SpanContext | undefined {
  // Nearly all are unsampled: the last digit tells, before anything else is read.
  if (traceparent?.length !== LENGTH || !isOdd(traceparent.charCodeAt(LENGTH - 1))) return undefined;
  return TRACEPARENT.test(traceparent) ? contextOf(traceparent) : undefined;
}

/** @param traceparent well formed */
export function contextOf(traceparent: string): SpanContext {
  return { traceId: traceparent.slice(3, 35), spanId: traceparent.slice(36, 52) };
}

export function sampledTraceparent({ traceId, spanId }: SpanContext): string {
  return `00-${traceId}-${spanId}-01`;
}

/** The same context, not sampled. @param traceparent well formed */
export function unsampledTraceparent(traceparent: string): string {
  const { traceId, spanId } = contextOf(traceparent);
  return `00-${traceId}-${spanId}-00`;
}

/** The fields by which log lines refer to a trace, whether it is sampled or not. @param traceparent well formed */
export function traceFields(traceparent: string | undefined): { trace_id?: string; span_id?: string } {
  if (traceparent === undefined) return {};
  const { traceId, spanId } = contextOf(traceparent);
  return { trace_id: traceId, span_id: spanId };
}

/** Whether a hexadecimal digit is odd. */
function isOdd(code: number): boolean {
  const digit = code <= 57 ? code - 48 : code - 87;
  return (digit & 1) === 1;
}
