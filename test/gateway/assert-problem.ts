import type { Test } from 'tap';
import { ERRORS, type ErrorCode, type ErrorRow } from '../../src/base/error-table.ts';
import type { Sent } from './send.ts';

/** The gateway's own error responses look like the service's. */
export function assertProblem(t: Test, { status, headers, json }: Sent, code: ErrorCode): void {
  const row: ErrorRow = ERRORS[code];
  t.equal(status, row.httpStatus);
  t.equal(headers['content-type'], 'application/problem+json');
  t.match(json, {
    type: `urn:problem:order-system:${code}`,
    title: row.title,
    status: row.httpStatus,
    detail: /\.$/,
    code,
  });
  t.equal(json.requestId, headers['x-request-id']);
  t.equal(headers['retry-after'], row.transient ? '1' : undefined);
}
