import t from 'tap';
import { ERRORS, hasCode, ServiceError, toError, type ErrorRow } from '../../src/base/errors.ts';

/** Clients and retries depend on these: a change here is a change of the contract. */
const PINNED: Record<keyof typeof ERRORS, string> = {
  'malformed-json': '400 INVALID_ARGUMENT',
  'validation-failed': '400 INVALID_ARGUMENT',
  'idempotency-key-invalid': '400 INVALID_ARGUMENT',
  'preference-invalid': '400 INVALID_ARGUMENT',
  'cursor-invalid': '400 INVALID_ARGUMENT',
  'position-invalid': '400 INVALID_ARGUMENT',
  'resume-token-invalid': '400 INVALID_ARGUMENT',
  'resume-token-too-old': '410 FAILED_PRECONDITION',
  'watch-too-slow': '503 RESOURCE_EXHAUSTED transient',
  'bad-request': '400 INVALID_ARGUMENT',
  'order-not-found': '404 NOT_FOUND',
  'route-not-found': '404 UNIMPLEMENTED',
  'method-not-allowed': '405 UNIMPLEMENTED',
  'transition-not-allowed': '409 FAILED_PRECONDITION',
  'version-mismatch': '412 ABORTED',
  'body-too-large': '413 OUT_OF_RANGE',
  'unsupported-media-type': '415 INVALID_ARGUMENT',
  'total-too-large': '422 OUT_OF_RANGE',
  'headers-too-large': '431 RESOURCE_EXHAUSTED',
  'request-timeout': '408 DEADLINE_EXCEEDED transient',
  'idempotency-key-reused': '422 FAILED_PRECONDITION',
  'rate-limited': '429 RESOURCE_EXHAUSTED transient',
  internal: '500 INTERNAL',
  'log-full': '503 RESOURCE_EXHAUSTED transient',
  'log-unavailable': '503 UNAVAILABLE transient',
  'store-unavailable': '503 UNAVAILABLE transient',
  overloaded: '503 UNAVAILABLE transient',
  draining: '503 UNAVAILABLE transient',
  'log-timeout': '504 DEADLINE_EXCEEDED transient',
  'instance-lost': '502 UNAVAILABLE transient',
  'instance-timeout': '504 DEADLINE_EXCEEDED transient',
  'settings-invalid': '500 FAILED_PRECONDITION',
  'record-undecodable': '422 DATA_LOSS',
  'record-too-large': '413 OUT_OF_RANGE',
  'processor-invalid': '500 FAILED_PRECONDITION',
  'processor-failed': '500 INTERNAL',
  'processor-transient': '503 UNAVAILABLE transient',
  'processor-timeout': '503 DEADLINE_EXCEEDED transient',
  'retries-exhausted': '503 UNAVAILABLE',
  'predecessor-failed': '409 FAILED_PRECONDITION',
  'store-refused': '422 FAILED_PRECONDITION',
  'replay-rejected': '409 FAILED_PRECONDITION',
  'dead-letter-not-found': '404 NOT_FOUND',
  'dead-letter-flood': '503 UNAVAILABLE transient',
  'circuit-open': '503 UNAVAILABLE transient',
  'progress-conflict': '500 ABORTED transient',
  'progress-gap': '500 DATA_LOSS',
  'log-truncated': '500 DATA_LOSS',
  'copy-differs': '500 DATA_LOSS',
  'worker-failed': '500 INTERNAL transient',
  'deadline-exceeded': '500 DEADLINE_EXCEEDED',
};

await t.test('every code has the HTTP status, gRPC status and transience that is pinned here', async (t) => {
  const rows = Object.entries<ErrorRow>(ERRORS).map(([code, row]) => [
    code,
    `${row.httpStatus} ${row.grpcStatus}${row.transient ? ' transient' : ''}`,
  ]);
  t.strictSame(Object.fromEntries(rows), PINNED);
});

await t.test('every row has a title of its own and a status that is an error', async (t) => {
  const rows = Object.values<ErrorRow>(ERRORS);
  t.equal(new Set(rows.map((row) => row.title)).size, rows.length);
  t.ok(rows.every((row) => row.title !== '' && row.httpStatus >= 400 && row.httpStatus < 600));
});

await t.test('a ServiceError knows its row, its cause and what the answer needs', async (t) => {
  const cause = new Error('connection refused');
  const errors = [{ pointer: '/items', detail: 'is missing' }];
  const error = new ServiceError('log-unavailable', 'No broker answers.', { cause, errors, retryAfter: 2 });
  t.match(error, {
    name: 'ServiceError',
    message: 'No broker answers.',
    code: 'log-unavailable',
    retryAfter: 2,
  });
  t.equal(error.cause, cause);
  t.same(error.errors, errors);
  t.equal(error.row, ERRORS['log-unavailable']);
  t.equal(error.transient, true);
  t.equal(new ServiceError('internal', '').transient, false);
  t.equal(new ServiceError('draining', '').retryAfter, 1, 'the table says when, where nobody knows better');
});

await t.test('what is transient has a delay, and nothing else has', async (t) => {
  for (const row of Object.values<ErrorRow>(ERRORS)) t.equal(row.retryAfter !== undefined, row.transient);
});

await t.test('a code is recognised on a ServiceError only', async (t) => {
  t.equal(hasCode(new ServiceError('draining', ''), 'draining'), true);
  t.equal(hasCode(new ServiceError('draining', ''), 'overloaded'), false);
  t.equal(hasCode({ code: 'draining' }, 'draining'), false);
});

await t.test('whatever is thrown becomes an Error, and an Error stays itself', async (t) => {
  const error = new Error('as it was');
  t.equal(toError(error), error);
  t.equal(toError('just text').message, 'just text');
  t.equal(toError(undefined).message, 'undefined');
  t.match(toError(Object.create(null)).message, /has no text/);
});
