import {
  constants,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import type { Callers } from '../base/caller.ts';
import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { hasSeveralCredentials, severalCredentials } from '../services/admission.ts';
import type { LoadMonitor } from '../services/load-monitor.ts';
import type { RateLimiter } from '../services/rate-limiter.ts';
import { draining } from '../services/server-rules.ts';
import { Turns } from '../services/turns.ts';
import type { IncompleteRequests } from './incomplete-requests.ts';
import { refusalHeaders, refuseStream } from './refuse-stream.ts';
import type { StalledStreams } from './stalled-streams.ts';
import { ABANDONED_COST, type StreamBudget } from './stream-budget.ts';

export interface StreamGateDependencies {
  callers: Callers;
  streams: StreamBudget;
  stalled: StalledStreams;
  incomplete: IncompleteRequests;
  isDraining: () => boolean;
  load: Pick<LoadMonitor, 'overload'>;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
  /** false while authentication is off */
  readsCredentials: boolean;
  metrics: Pick<Metrics, 'requestsRefused' | 'connectionsRefused'>;
}

/** A stream that ends by a reset within this time, milliseconds, counts as abandoned. */
const ABANDONED_WITHIN_MS = 1_000;

/** Probes must not fail because of the load, or of other calls from the same address. */
const HEALTH_PREFIX = '/grpc.health.v1.Health/';

/** A watcher may read when it likes: what it can hold here is bounded, see `LaggingReaders`. */
const WATCH_PREFIX = '/orders.v1.OrderWatch/';

/** Its only method is a bidirectional stream, whose request may stay open. */
const REFLECTION_PREFIX = '/grpc.reflection.';

type StreamListener = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
  rawHeaders: readonly string[],
) => void;

/**
 * Sits between HTTP/2 and grpc-js. It sees every stream, also those that call no existing method, and refuses streams before
 * anything is read or decoded. Callers take turns: one that opens thousands of streams at once delays only itself.
 */
export class StreamGate {
  readonly #dependencies: StreamGateDependencies;
  readonly #turns = new Turns();
  readonly #tooManyStreams = tooManyStreams();
  /** To encode an error costs more than to send it, and a flood gets the same error again and again. */
  readonly #refusals = new WeakMap<ServiceError, OutgoingHttpHeaders>();

  constructor(dependencies: StreamGateDependencies) {
    this.#dependencies = dependencies;
  }

  /** False for an address that has just lost a connection because of too many streams, until it has earned new ones. */
  isWelcome({ remoteAddress }: Socket): boolean {
    const { callers, streams, metrics } = this.#dependencies;
    if (callers.isProxy(remoteAddress) || !streams.isExhausted(callers.ofAddress(remoteAddress))) return true;
    metrics.connectionsRefused.inc({ protocol: 'grpc', reason: 'streams' });
    return false;
  }

  /** Puts the gate in front of the listeners that the server has now. */
  guard(server: Http2Server | Http2SecureServer): void {
    const { incomplete } = this.#dependencies;
    const listeners = server.listeners('stream') as StreamListener[];
    server.removeAllListeners('stream');
    server.on('session', (session) => {
      const { remoteAddress } = session.socket;
      // A listener of the session, because a stream that was reset at once no longer knows its session.
      const onStream: StreamListener = (stream, headers, flags, rawHeaders) => {
        const pass = (caller: string) => {
          for (const listener of listeners) listener.call(server, stream, headers, flags, rawHeaders);
          if (headers[':path']?.startsWith(REFLECTION_PREFIX) !== true) incomplete.track(stream, caller);
        };
        this.#open({ session, remoteAddress, stream, headers, rawHeaders, pass });
      };
      // The types of Node lack the parameter with the raw headers.
      session.on('stream', onStream as (...parameters: unknown[]) => void);
    });
  }

  #open(opened: OpenedStream): void {
    const { session, remoteAddress, stream, headers } = opened;
    const { callers, streams, stalled } = this.#dependencies;
    // An error without a listener would end the process. The stream closes by itself.
    stream.on('error', () => undefined);
    const caller = callers.ofRequest({ socket: { remoteAddress }, headers });
    const isProxy = callers.isProxy(remoteAddress);
    const openedAt = performance.now();
    let cancelTurn = (): void => undefined;
    const closed = () => {
      stalled.remove(stream);
      cancelTurn();
      if (!isAbandoned(stream) || performance.now() - openedAt >= ABANDONED_WITHIN_MS) return;
      streams.spend(caller, ABANDONED_COST);
      if (!isProxy && streams.isExhausted(caller)) this.#disconnect(session);
    };
    if (stream.destroyed) closed();
    else stream.once('close', closed);
    const isWithin = streams.spend(caller, 1);
    if (!isWithin && !isProxy) this.#disconnect(session);
    if (session.destroyed || stream.destroyed || stream.closed) return;
    // The turn comes after all frames that have arrived with this one: a stream that they reset costs no more work.
    cancelTurn = this.#turns.request(caller, () => {
      if (session.destroyed || stream.destroyed || stream.closed) return;
      const path = headers[':path'] ?? '';
      if (!path.startsWith(REFLECTION_PREFIX))
        stalled.add(stream, { mayPause: path.startsWith(WATCH_PREFIX) });
      if (isWithin) this.#admit(opened, caller);
      else this.#refuse(stream, this.#tooManyStreams, 'streams');
    });
  }

  #admit({ stream, headers, rawHeaders, pass }: OpenedStream, caller: string): void {
    const { isDraining, load, rateLimiter, readsCredentials } = this.#dependencies;
    if (headers[':path']?.startsWith(HEALTH_PREFIX) === true) {
      pass(caller);
      return;
    }
    if (isDraining()) {
      refuseStream(stream, refusalHeaders(draining()));
      return;
    }
    const overload = load.overload();
    if (overload !== undefined) {
      this.#refuse(stream, overload, 'overloaded');
      return;
    }
    const usage = rateLimiter?.count(caller);
    const counted = (error: ServiceError | undefined) => {
      if (stream.destroyed || stream.closed) return;
      if (error !== undefined) this.#refuse(stream, error, 'rate-limited');
      // The shutdown ends the streams that grpc-js has when it begins.
      else if (isDraining()) refuseStream(stream, refusalHeaders(draining()));
      else if (readsCredentials && hasSeveralCredentials(rawHeaders))
        this.#refuse(stream, severalCredentials(), 'unauthenticated');
      else pass(caller);
    };
    if (usage instanceof Promise) {
      usage.then(
        ({ error }) => counted(error),
        (thrown: unknown) => stream.destroy(thrown as Error),
      );
    } else counted(usage?.error);
  }

  #refuse(stream: ServerHttp2Stream, error: ServiceError, reason: string): void {
    this.#dependencies.metrics.requestsRefused.inc({ protocol: 'grpc', reason });
    const headers = this.#refusals.get(error) ?? refusalHeaders(error);
    this.#refusals.set(error, headers);
    refuseStream(stream, headers);
  }

  /** With a GOAWAY that tells the client to slow down, RFC 9113 section 7. */
  #disconnect(session: ServerHttp2Session): void {
    if (session.destroyed) return;
    this.#dependencies.metrics.connectionsRefused.inc({ protocol: 'grpc', reason: 'streams' });
    session.destroy(this.#tooManyStreams, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }
}

interface OpenedStream {
  session: ServerHttp2Session;
  remoteAddress: string | undefined;
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  /** names and values alternate */
  rawHeaders: readonly string[];
  pass: (caller: string) => void;
}

/** For a stream that has closed: its client did not wait for the response. */
function isAbandoned({ rstCode, headersSent }: ServerHttp2Stream): boolean {
  return rstCode !== constants.NGHTTP2_NO_ERROR || !headersSent;
}

function tooManyStreams(): ServiceError {
  return new ServiceError('rate-limited', 'You open, or abandon, more calls per second than are allowed.');
}
