import type { Turn } from '../status/subscription.ts';
import type { StatusChange } from '../order/commands.ts';
import type { DeliverySpans } from '../tracing/delivery-span.ts';
import type { EventEncoder } from './event-encoder.ts';
import type { LaggingReaders } from './lagging-readers.ts';
import type { Turns } from './turns.ts';
import type { Watch, WatchEnd } from './watch.ts';

/** Shorter than the idle timeout of common proxies. */
const HEARTBEAT_MS = 15_000;

/** Events that a reader looks at in one turn; decoding one takes about a microsecond. */
const EVENTS_PER_TURN = 256;

/** Bytes that are written in one turn, unless one event is larger. */
const BYTES_PER_TURN = 16 * 1024;

/** A writable Node stream: an HTTP response or a gRPC call. */
export interface EventSink<Chunk> {
  write(chunk: Chunk): boolean;
  on(event: 'drain', listener: () => void): unknown;
  /** bytes in its buffers, or messages if it is in object mode */
  readonly writableLength?: number;
  readonly writableObjectMode?: boolean;
}

/** What all readers of the process share. */
export interface SharedDelivery {
  turns: Turns;
  laggingReaders: LaggingReaders;
  /** undefined: tracing is off */
  deliveries?: DeliverySpans | undefined;
}

export interface PumpOptions<Chunk> {
  encoder: EventEncoder<Chunk>;
  shared: SharedDelivery;
  /** callers take turns; their readers share those of the caller */
  caller: string;
  /** written before any event */
  first?: Chunk | undefined;
  heartbeatMs?: number | undefined;
  /** called when the watch ends by itself; nothing more is written */
  onEnd: (end: WatchEnd) => void;
}

/**
 * Writes a watch and its heartbeats to a stream, only as fast as the reader reads, and only a little at a time: then other
 * readers have their turn.
 *
 * Invariant 9: while the stream is full, nothing is taken from the watch, which is bounded and folds to the latest per order.
 * @returns a function that closes the watch; always call it at the end; calling it twice is harmless
 */
export function pumpWatch<Chunk extends string | Buffer>(
  watch: Watch,
  sink: EventSink<Chunk>,
  options: PumpOptions<Chunk>,
): () => void {
  const pump = new WatchPump(watch, sink, options);
  pump.start(options.first);
  return () => pump.stop();
}

class WatchPump<Chunk extends string | Buffer> {
  readonly #watch: Watch;
  readonly #sink: EventSink<Chunk>;
  readonly #options: PumpOptions<Chunk>;
  #heartbeat: NodeJS.Timeout | undefined;
  #cancelTurn: (() => void) | undefined;
  #isFull = false;
  #hasEnded = false;

  constructor(watch: Watch, sink: EventSink<Chunk>, options: PumpOptions<Chunk>) {
    this.#watch = watch;
    this.#sink = sink;
    this.#options = options;
  }

  start(first: Chunk | undefined): void {
    const { encoder, heartbeatMs = HEARTBEAT_MS } = this.#options;
    // Heartbeats carry the current token: the token of the last event of a quiet watch would become too old to resume from.
    this.#heartbeat = setInterval(() => {
      if (!this.#isFull) this.#write(encoder.heartbeat(this.#watch.token()));
    }, heartbeatMs);
    this.#sink.on('drain', () => {
      this.#isFull = false;
      this.#options.shared.laggingReaders.release(this);
      this.#requestTurn();
    });
    this.#watch.onReadable(() => {
      if (this.#cancelTurn === undefined) this.#takeTurn();
    });
    if (first !== undefined) this.#write(first);
    this.#takeTurn();
  }

  stop(): void {
    this.#hasEnded = true;
    clearInterval(this.#heartbeat);
    this.#cancelTurn?.();
    this.#options.shared.laggingReaders.release(this);
    this.#watch.close();
  }

  /** Implements `LaggingReader`. */
  cutOff(): void {
    if (!this.#hasEnded) this.#end('too-slow');
  }

  #requestTurn(): void {
    if (this.#hasEnded || this.#cancelTurn !== undefined) return;
    const { shared, caller } = this.#options;
    this.#cancelTurn = shared.turns.request(caller, () => {
      this.#cancelTurn = undefined;
      this.#takeTurn();
    });
  }

  #takeTurn(): void {
    if (this.#hasEnded) return;
    const isComplete = this.#isFull || this.#writeItems();
    this.#endTurn(isComplete);
  }

  /** @returns whether everything that is available was written */
  #writeItems(): boolean {
    const { encoder, shared } = this.#options;
    const told = shared.deliveries && { changes: [] as StatusChange[], startedAt: shared.deliveries.now() };
    const turn: Turn = { eventsLeft: EVENTS_PER_TURN };
    const chunks: Chunk[] = [];
    let bytes = 0;
    let isComplete = false;
    while (!this.#isFull && turn.eventsLeft > 0 && bytes < BYTES_PER_TURN) {
      const item = this.#watch.take(turn);
      if (item === undefined) {
        isComplete = turn.eventsLeft > 0;
        break;
      }
      const chunk = encoder.item(item);
      if (told !== undefined && item.kind === 'change') told.changes.push(item.change);
      bytes += chunk.length;
      if (encoder.join === undefined) this.#write(chunk);
      else chunks.push(chunk);
    }
    const [first] = chunks;
    if (first !== undefined) this.#write(chunks.length === 1 ? first : (encoder.join?.(chunks) ?? first));
    for (const change of told?.changes ?? []) {
      shared.deliveries?.add(change, encoder.protocol, told?.startedAt ?? 0);
    }
    return isComplete;
  }

  #endTurn(isComplete: boolean): void {
    // Writing may have cut this reader off.
    if (this.#hasEnded) return;
    const end = this.#watch.end();
    if (end === 'too-slow') this.#options.shared.laggingReaders.countTooSlow();
    if (end !== undefined) this.#end(end);
    else if (!isComplete && !this.#isFull) this.#requestTurn();
  }

  #write(chunk: Chunk): void {
    if (this.#sink.write(chunk)) return;
    this.#isFull = true;
    this.#options.shared.laggingReaders.hold(this, heldBytes(this.#sink, chunk));
  }

  #end(end: WatchEnd): void {
    this.stop();
    this.#options.onEnd(end);
  }
}

/** Messages of one stream are about equally long. */
function heldBytes<Chunk extends string | Buffer>(sink: EventSink<Chunk>, last: Chunk): number {
  const { writableLength = 0, writableObjectMode = false } = sink;
  return writableObjectMode ? writableLength * last.length : writableLength;
}
