import type { ServerResponse } from 'node:http';
import type { StatusChange } from '../../order/commands.ts';
import type { Watch, WatchItem } from '../../services/watch.ts';
import { anyOrderBody, timestamp } from '../schemas/order.ts';

/** Proxies take a connection that says nothing for longer for a dead one. */
const HEARTBEAT_MS = 15_000;

/** Milliseconds after which a browser tries again. */
const RECONNECT_MS = 1_000;

/**
 * Writes what is watched as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), only as
 * fast as it is read: what cannot be written waits in the watch, which is bounded.
 */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #watch: Watch;
  readonly #textOf: (item: WatchItem) => string;
  readonly #heartbeatMs: number;
  #heartbeat: NodeJS.Timeout | undefined;
  #isFull = false;

  constructor(
    response: ServerResponse,
    watch: Watch,
    textOf: (item: WatchItem) => string,
    heartbeatMs = HEARTBEAT_MS,
  ) {
    this.#response = response;
    this.#watch = watch;
    this.#textOf = textOf;
    this.#heartbeatMs = heartbeatMs;
  }

  start(): void {
    const response = this.#response;
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      // Nothing on the way may keep it, change it or hold it back until a buffer is full.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.on('drain', () => {
      this.#isFull = false;
      this.#writeWhatThereIs();
    });
    response.once('close', () => clearInterval(this.#heartbeat));
    this.#watch.onReadable(() => this.#writeWhatThereIs());
    this.#heartbeat = setInterval(() => this.#beat(), this.#heartbeatMs);
    // Whoever is cut off before the first event goes on from here.
    this.#write(`retry: ${RECONNECT_MS}\nid: ${this.#watch.token()}\n\n`);
    this.#writeWhatThereIs();
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  #writeWhatThereIs(): void {
    while (!this.#isFull && !this.#response.writableEnded) {
      const item = this.#watch.take();
      if (item === undefined) break;
      this.#write(this.#textOf(item));
    }
    if (this.#watch.end() !== undefined) this.end();
  }

  /** The token moves on also while nothing happens; were it left behind, it would get too old. */
  #beat(): void {
    if (!this.#isFull) this.#write(`: heartbeat\nid: ${this.#watch.token()}\n\n`);
  }

  #write(text: string): void {
    this.#isFull = !this.#response.write(text);
  }
}

/** An item as an event of the stream. All watchers of an item are sent the same text: it is made once. */
export function createItemText(): (item: WatchItem) => string {
  const texts = new WeakMap<WatchItem, string>();
  return (item) => {
    let text = texts.get(item);
    if (text === undefined) {
      text = `event: ${item.kind}\nid: ${item.token}\ndata: ${JSON.stringify(dataOf(item))}\n\n`;
      texts.set(item, text);
    }
    return text;
  };
}

function dataOf(item: WatchItem): object {
  return item.kind === 'change' ? changeBody(item.change) : anyOrderBody(item.order);
}

function changeBody({ orderId, customerId, merchantId, status, version, at, reason }: StatusChange) {
  return { orderId, customerId, merchantId, status, version, at: timestamp(at), reason };
}
