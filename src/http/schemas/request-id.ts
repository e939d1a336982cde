import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export const REQUEST_ID_HEADER = 'x-request-id';

const USABLE = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * The caller's X-Request-Id when it is safe to log and to send back, else a new one: a name of this process and a
 * count, which is as unique as a UUID and costs a tenth of it.
 */
export function createRequestIds(): (request: IncomingMessage) => string {
  const processName = randomUUID();
  let count = 0;
  return (request) => {
    const given = request.headers[REQUEST_ID_HEADER];
    if (typeof given === 'string' && USABLE.test(given)) return given;
    count += 1;
    return `${processName}-${count.toString(36)}`;
  };
}
