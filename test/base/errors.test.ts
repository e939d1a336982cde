import t from 'tap';
import { CALLER_ERRORS, ERRORS, type ErrorCode, type ErrorRow } from '../../src/base/error-table.ts';
import { hasCode, invalidField, ServiceError, toError, toServiceError } from '../../src/base/errors.ts';

/** Clients depend on these: a change here is a change of the contract. */
const CALLER_STATUSES: Record<keyof typeof CALLER_ERRORS, string> = {
  'malformed-json': '400 INVALID_ARGUMENT',
  'validation-failed': '400 INVALID_ARGUMENT',
  'idempotency-key-invalid': '400 INVALID_ARGUMENT',
  'cursor-invalid': '400 INVALID_ARGUMENT',
  'position-invalid': '400 INVALID_ARGUMENT',
  'resume-token-invalid': '400 INVALID_ARGUMENT',
  'bad-request': '400 INVALID_ARGUMENT',
  unauthenticated: '401 UNAUTHENTICATED',
  'scope-missing': '403 PERMISSION_DENIED',
  'access-denied': '403 PERMISSION_DENIED',
  'origin-not-allowed': '403 PERMISSION_DENIED',
  'order-not-found': '404 NOT_FOUND',
  'dead-letter-not-found': '404 NOT_FOUND',
  'route-not-found': '404 UNIMPLEMENTED',
  'method-not-allowed': '405 UNIMPLEMENTED',
  'request-timeout': '408 DEADLINE_EXCEEDED transient',
  'transition-not-allowed': '409 FAILED_PRECONDITION',
  'resume-token-too-old': '410 FAILED_PRECONDITION',
  'version-mismatch': '412 ABORTED',
  'body-too-large': '413 OUT_OF_RANGE',
  'record-too-large': '413 OUT_OF_RANGE',
  'unsupported-media-type': '415 INVALID_ARGUMENT',
  'host-not-allowed': '421 PERMISSION_DENIED',
  'total-too-large': '422 OUT_OF_RANGE',
  'idempotency-key-reused': '422 FAILED_PRECONDITION',
  'too-many-watches': '429 RESOURCE_EXHAUSTED transient',
  'rate-limited': '429 RESOURCE_EXHAUSTED transient',
  'headers-too-large': '431 RESOURCE_EXHAUSTED',
  internal: '500 INTERNAL',
  'watch-too-slow': '503 RESOURCE_EXHAUSTED transient',
  'log-full': '503 RESOURCE_EXHAUSTED transient',
  'log-unavailable': '503 UNAVAILABLE transient',
  'log-timeout': '504 DEADLINE_EXCEEDED transient',
  'identity-unavailable': '503 UNAVAILABLE transient',
  'store-unavailable': '503 UNAVAILABLE transient',
  overloaded: '503 UNAVAILABLE transient',
  draining: '503 UNAVAILABLE transient',
  'instance-lost': '502 UNAVAILABLE transient',
  'instance-timeout': '504 DEADLINE_EXCEEDED transient',
};

/** What is wrong for now with the work of a batch; every other internal error is permanent. */
const TRANSIENT_INSIDE: readonly ErrorCode[] = [
  'processor-timeout',
  'processor-transient',
  'dead-letter-flood',
  'circuit-open',
  'progress-conflict',
  'worker-failed',
  'calls-lost',
];

const rows = Object.entries(ERRORS) as [ErrorCode, ErrorRow][];
const codesWhere = (condition: (row: ErrorRow) => boolean) =>
  rows.filter(([, row]) => condition(row)).map(([code]) => code);

await t.test('a caller gets the HTTP status, gRPC status and transience that are pinned here', async (t) => {
  const statuses = Object.entries<ErrorRow>(CALLER_ERRORS).map(([code, row]) => [
    code,
    `${row.httpStatus} ${row.grpcStatus}${row.transient ? ' transient' : ''}`,
  ]);
  t.strictSame(Object.fromEntries(statuses), CALLER_STATUSES);
});

await t.test('an internal error is answered as internal', async (t) => {
  for (const [code, { httpStatus, grpcStatus }] of rows) {
    const { callerCode } = new ServiceError(code, '');
    t.equal(callerCode, code in CALLER_ERRORS ? code : 'internal');
    t.equal(httpStatus, ERRORS[callerCode].httpStatus, code);
    t.equal(grpcStatus, ERRORS[callerCode].grpcStatus, code);
  }
  t.same(
    codesWhere(({ httpStatus, transient }) => httpStatus === 500 && transient),
    TRANSIENT_INSIDE,
  );
});

await t.test('two errors stop the pipeline, four count against a breaker', async (t) => {
  t.same(
    codesWhere(({ reaction }) => reaction === 'fatal'),
    ['progress-gap', 'log-mismatch'],
  );
  t.same(
    codesWhere(({ countsAgainst }) => countsAgainst === 'log'),
    ['log-full', 'log-unavailable', 'log-timeout'],
  );
  t.same(
    codesWhere(({ countsAgainst }) => countsAgainst === 'store'),
    ['store-unavailable'],
  );
});

await t.test('every row has a title of its own and a status that is an error', async (t) => {
  t.equal(new Set(rows.map(([, { title }]) => title)).size, rows.length);
  t.ok(rows.every(([, { title, httpStatus }]) => title !== '' && httpStatus >= 400 && httpStatus < 600));
});

await t.test('a transient error that callers see has a delay, and no other has', async (t) => {
  for (const row of Object.values<ErrorRow>(CALLER_ERRORS)) {
    t.equal(row.retryAfter !== undefined, row.transient);
  }
});

await t.test('a ServiceError has its row, its cause and what the answer needs', async (t) => {
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
  t.equal(new ServiceError('draining', '').retryAfter, 1, 'the delay of the table is the default');
});

await t.test('an invalid field is named by its pointer', async (t) => {
  t.match(invalidField('/to', 'is required'), {
    code: 'validation-failed',
    message: '/to is required',
    errors: [{ pointer: '/to', detail: 'is required' }],
  });
  t.equal(invalidField('', 'is empty').message, 'The body is empty');
});

await t.test('a code is recognised on a ServiceError only', async (t) => {
  t.equal(hasCode(new ServiceError('draining', ''), 'draining'), true);
  t.equal(hasCode(new ServiceError('draining', ''), 'overloaded'), false);
  t.equal(hasCode({ code: 'draining' }, 'draining'), false);
});

await t.test('anything thrown becomes an Error, and an Error stays itself', async (t) => {
  const error = new Error('as it was');
  t.equal(toError(error), error);
  t.equal(toError('just text').message, 'just text');
  t.equal(toError(undefined).message, 'undefined');
  t.match(toError(Object.create(null)).message, /has no text/);
});

await t.test('a defect becomes an internal error with the defect as its cause', async (t) => {
  const known = new ServiceError('draining', '');
  t.equal(toServiceError(known), known);
  const defect = new TypeError('x is not a function');
  t.match(toServiceError(defect), { code: 'internal', message: 'x is not a function', cause: defect });
});
