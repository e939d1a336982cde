import type { ServerOptions } from '@grpc/grpc-js';
import { MAX_ORDER_BYTES } from '../services/server-rules.ts';

/** Bytes. Pages end before 1 MiB and clients receive 4 MiB by default; only a single order of an earlier version may be larger. */
const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** Shorter than the 60 s after which common load balancers drop a silent connection. */
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;

export interface ConnectionLimits {
  /** age at which a connection accepts no more calls: clients reconnect and reach new replicas too */
  maxAgeMs: number;
  /** time that calls in flight then have to finish */
  ageGraceMs: number;
  /** open calls of one connection; ten thousand watchers need three connections */
  maxStreams: number;
}

export const CONNECTION_LIMITS: ConnectionLimits = {
  maxAgeMs: 30 * 60_000,
  ageGraceMs: 60_000,
  maxStreams: 4096,
};

export function serverOptions({ maxAgeMs, ageGraceMs, maxStreams }: ConnectionLimits): ServerOptions {
  return {
    'grpc.max_receive_message_length': MAX_ORDER_BYTES,
    'grpc.max_send_message_length': MAX_RESPONSE_BYTES,
    'grpc.max_concurrent_streams': maxStreams,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc.max_connection_age_ms': maxAgeMs,
    'grpc.max_connection_age_grace_ms': ageGraceMs,
    // Channelz would track every call and message, but this server does not offer its service.
    'grpc.enable_channelz': 0,
  };
}
