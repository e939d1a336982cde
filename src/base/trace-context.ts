/** https://www.w3.org/TR/trace-context/#traceparent-header, version 00 */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller's trace context; undefined if it is missing or malformed. */
export function traceparentOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && TRACEPARENT.test(header) ? header : undefined;
}

/** The trace id of a well-formed trace context. */
export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}
