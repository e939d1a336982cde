import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';

/** `stream`: server-sent events or a gRPC stream · `wait`: a request that waits for its order */
export type PlaceKind = 'stream' | 'wait';

export interface PlaceRequest {
  kind: PlaceKind;
  /** the key of the caller (base/caller.ts); undefined: no limit per caller */
  caller?: string | undefined;
}

export interface PlaceLimits {
  total: number;
  /** places that streams cannot take */
  reservedForWaits: number;
  /** of one caller and one kind */
  perCaller: number;
}

export type PlaceMetrics = Pick<Metrics, 'watchPlaces' | 'watchesRefused'>;

/**
 * The places for watchers. Their number is bounded in total and for each caller, and some are for waiting requests only: a
 * client that opens many streams takes places from itself alone.
 */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #metrics: PlaceMetrics | undefined;
  readonly #inUse = { stream: 0, wait: 0 };
  readonly #byCaller = { stream: new Map<string, number>(), wait: new Map<string, number>() };

  constructor(limits: PlaceLimits, metrics?: PlaceMetrics) {
    this.#limits = limits;
    this.#metrics = metrics;
  }

  get count(): number {
    return this.#inUse.stream + this.#inUse.wait;
  }

  /**
   * @returns gives the place back; calling it twice is harmless
   * @throws ServiceError `too-many-watches` if the caller has all its places, `overloaded` if all places are taken
   */
  take(request: PlaceRequest): () => void {
    this.#refuseCaller(request);
    this.#refuseAny(request);
    this.#add(request, 1);
    let isTaken = true;
    return () => {
      if (isTaken) this.#add(request, -1);
      isTaken = false;
    };
  }

  #refuseCaller({ kind, caller }: PlaceRequest): void {
    const { perCaller } = this.#limits;
    if (caller === undefined || (this.#byCaller[kind].get(caller) ?? 0) < perCaller) return;
    this.#metrics?.watchesRefused.inc({ kind, reason: 'caller' });
    throw new ServiceError(
      'too-many-watches',
      kind === 'stream'
        ? `You already have ${perCaller} open streams at this replica. Close some, or watch many orders in one stream.`
        : `You already have ${perCaller} requests at this replica that wait for their orders.`,
    );
  }

  #refuseAny({ kind }: PlaceRequest): void {
    const { total, reservedForWaits } = this.#limits;
    const forStreams = total - reservedForWaits;
    if (this.count < total && (kind === 'wait' || this.#inUse.stream < forStreams)) return;
    this.#metrics?.watchesRefused.inc({ kind, reason: 'total' });
    throw new ServiceError(
      'overloaded',
      `All ${kind === 'stream' ? forStreams : total} places for watchers of this replica are taken. Try another replica, or try later.`,
    );
  }

  #add({ kind, caller }: PlaceRequest, change: 1 | -1): void {
    this.#inUse[kind] += change;
    this.#metrics?.watchPlaces.set({ kind }, this.#inUse[kind]);
    if (caller === undefined) return;
    const callers = this.#byCaller[kind];
    const count = (callers.get(caller) ?? 0) + change;
    if (count === 0) callers.delete(caller);
    else callers.set(caller, count);
  }
}
