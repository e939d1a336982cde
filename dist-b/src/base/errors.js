export const ERRORS = {
    'malformed-json': row('The body is not valid JSON', 400, 'INVALID_ARGUMENT'),
    'validation-failed': row('The request does not match its schema', 400, 'INVALID_ARGUMENT'),
    'idempotency-key-invalid': row('The Idempotency-Key header is not usable', 400, 'INVALID_ARGUMENT'),
    'preference-invalid': row('The Prefer header is not usable', 400, 'INVALID_ARGUMENT'),
    'cursor-invalid': row('The cursor is not one that this service gave out', 400, 'INVALID_ARGUMENT'),
    'position-invalid': row('The position is not one that this service gave out', 400, 'INVALID_ARGUMENT'),
    'bad-request': row('The request cannot be understood', 400, 'INVALID_ARGUMENT'),
    'order-not-found': row('There is no such order', 404, 'NOT_FOUND'),
    'route-not-found': row('There is nothing at this path', 404, 'UNIMPLEMENTED'),
    'method-not-allowed': row('This path does not take this method', 405, 'UNIMPLEMENTED'),
    'transition-not-allowed': row('The order cannot go there from its present status', 409, 'FAILED_PRECONDITION'),
    'version-mismatch': row('The order has another version than expected', 412, 'ABORTED'),
    'body-too-large': row('The body is larger than this path takes', 413, 'OUT_OF_RANGE'),
    'unsupported-media-type': row('The body must be application/json', 415, 'INVALID_ARGUMENT'),
    'total-too-large': row('The total of the order is not a safe integer', 422, 'OUT_OF_RANGE'),
    'headers-too-large': row('The headers are larger than this service takes', 431, 'RESOURCE_EXHAUSTED'),
    'request-timeout': row('The request did not arrive in time', 408, 'DEADLINE_EXCEEDED', true),
    'idempotency-key-reused': row('The Idempotency-Key was used with another body', 422, 'FAILED_PRECONDITION'),
    'rate-limited': row('Too many requests', 429, 'RESOURCE_EXHAUSTED', true),
    internal: row('Something went wrong on our side', 500, 'INTERNAL'),
    'log-full': row('The event log cannot take more at the moment', 503, 'RESOURCE_EXHAUSTED', true),
    'log-unavailable': row('The event log cannot be reached', 503, 'UNAVAILABLE', true),
    'store-unavailable': row('The store cannot be reached', 503, 'UNAVAILABLE', true),
    overloaded: row('The service is busier than it can be quick', 503, 'UNAVAILABLE', true),
    draining: row('The service is shutting down', 503, 'UNAVAILABLE', true),
    'log-timeout': row('The event log did not acknowledge in time', 504, 'DEADLINE_EXCEEDED', true),
    'settings-invalid': row('The settings do not allow a start', 500, 'FAILED_PRECONDITION'),
    'record-undecodable': row('The record is not an event of this service', 422, 'DATA_LOSS'),
    'record-too-large': row('The event is larger than the event log takes', 413, 'OUT_OF_RANGE'),
    'processor-invalid': row('The processor module cannot be used', 500, 'FAILED_PRECONDITION'),
    'processor-failed': row('The processor failed for good', 500, 'INTERNAL'),
    'processor-transient': row('The processor failed, a later attempt may succeed', 503, 'UNAVAILABLE', true),
    'progress-conflict': row('Another writer has moved the progress of the partition', 500, 'ABORTED', true),
    'progress-gap': row('The store stands behind what was already processed', 500, 'DATA_LOSS'),
    'log-truncated': row('The event log ends before what was already processed', 500, 'DATA_LOSS'),
    'worker-failed': row('A worker thread ended before its batch did', 500, 'INTERNAL', true),
    'deadline-exceeded': row('It was not finished within its deadline', 500, 'DEADLINE_EXCEEDED'),
};
/** Every error this service throws on purpose; anything else is a defect and is answered as `internal`. */
export class ServiceError extends Error {
    code;
    errors;
    retryAfter;
    constructor(code, detail, options = {}) {
        super(detail, options.cause === undefined ? undefined : { cause: options.cause });
        this.name = 'ServiceError';
        this.code = code;
        this.errors = options.errors;
        this.retryAfter = options.retryAfter;
    }
    get row() {
        return ERRORS[this.code];
    }
    get transient() {
        return this.row.transient;
    }
}
/** Turns whatever was thrown into an Error, so that `cause` and logs always have a message and a stack. */
export function toError(thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
}
export function hasCode(thrown, code) {
    return thrown instanceof ServiceError && thrown.code === code;
}
function row(title, httpStatus, grpcStatus, transient = false) {
    return { title, httpStatus, grpcStatus, transient };
}
//# sourceMappingURL=errors.js.map