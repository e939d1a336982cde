import type { FastifyHttpOptions, RawServerDefault } from 'fastify';
import { MAX_ORDER_BYTES } from '../services/server-rules.ts';
import { handleClientError } from './plugins/client-error.ts';
import { createRequestIds } from './plugins/request-id.ts';

/** Bytes of all headers of a request. Node's own default, stated because the 431 depends on it. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Longer than the 60 s after which common load balancers close idle connections: they should close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** Slowloris guard. */
const HEADERS_TIMEOUT_MS = 10_000;

/** How often Node looks for slow requests. */
const TIMEOUT_CHECK_MS = 5_000;

export interface HttpLimits {
  /** open connections of one address; 0: no limit */
  maxConnectionsPerAddress: number;
  /** proxies whose X-Forwarded-For counts: addresses and networks separated by commas; `true`: all; '': none */
  trustProxy: string;
  /** a request must arrive in full within this time, milliseconds */
  requestTimeoutMs: number;
  /** a connection is closed if its reader takes nothing of a response for this time, milliseconds */
  responseTimeoutMs: number;
}

export function serverOptions({
  requestTimeoutMs,
  trustProxy,
}: HttpLimits): FastifyHttpOptions<RawServerDefault> {
  return {
    // A child logger and an access line per request would cost more than the request. The error handler logs errors.
    logger: false,
    genReqId: createRequestIds(),
    trustProxy: trustProxy === '' ? false : trustProxy === 'true' ? true : trustProxy,
    // The batch route allows more.
    bodyLimit: MAX_ORDER_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: requestTimeoutMs,
    http: {
      // Node would answer without a problem document; the hook for hosts does it.
      requireHostHeader: false,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, requestTimeoutMs),
    },
    // During shutdown the draining hook refuses requests, with a problem document.
    return503OnClosing: false,
    clientErrorHandler: handleClientError,
  };
}
