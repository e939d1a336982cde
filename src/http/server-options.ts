import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import { answerClientError } from './plugins/client-error.ts';
import { createRequestIds } from './schemas/request-id.ts';

/** Bytes; the batch route takes more. */
const BODY_LIMIT = 64 * 1024;

/** Bytes of all headers of one request; Node's own default, written down because the 431 depends on it. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Longer than the 60 s after which common load balancers drop an idle connection, so that they do it and not we. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Headers are short: whoever needs longer is slow on purpose. */
const HEADERS_TIMEOUT_MS = 10_000;

/** How often Node looks for slow requests; it closes them that much late at most. */
const TIMEOUT_CHECK_MS = 5_000;

/** Open connections: over that new ones are dropped. An idle one costs some 10 KiB. */
export const MAX_CONNECTIONS = 20_000;

export interface HttpLimits {
  /** requests a window for each client address; 0 turns the limit off */
  rateLimitMax: number;
  rateLimitWindowMs: number;
  /** event loop delay over which requests are shed, milliseconds; 0 never */
  maxEventLoopDelayMs: number;
  /**
   * whose X-Forwarded-For is believed: addresses and networks with commas between, `true` for anybody's, '' for nobody's
   */
  trustProxy: string;
  /** until a request must have arrived in full, milliseconds */
  requestTimeoutMs: number;
}

export function serverOptions({
  requestTimeoutMs,
  trustProxy,
}: HttpLimits): FastifyHttpOptions<RawServerDefault> {
  return {
    // A child logger a request and a line an access cost more than the request; errors are logged by the error handler.
    logger: false,
    genReqId: createRequestIds(),
    trustProxy: trustProxy === '' ? false : trustProxy === 'true' ? true : trustProxy,
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, requestTimeoutMs),
    },
    // While closing, requests are still answered: by the draining hook, with a problem document.
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
  };
}
