import { randomUUID } from 'node:crypto';
export const REQUEST_ID_HEADER = 'x-request-id';
const USABLE = /^[A-Za-z0-9._:-]{1,128}$/;
/** The caller's X-Request-Id when it is safe to log and to send back, else a new one. */
export function requestId(request) {
    const given = request.headers[REQUEST_ID_HEADER];
    return typeof given === 'string' && USABLE.test(given) ? given : randomUUID();
}
//# sourceMappingURL=request-id.js.map