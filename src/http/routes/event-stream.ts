import type { ServerResponse } from 'node:http';
import type { StatusChange } from '../../order/commands.ts';
import type { Watch, WatchItem } from '../../services/watch.ts';
import { anyOrderBody, timestamp } from '../schemas/order.ts';

/** Shorter than the idle timeout of common proxies. */
const HEARTBEAT_MS = 15_000;

/** Delay before a browser reconnects. */
const RECONNECT_MS = 1_000;

/**
 * Writes a watch as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), only as fast as
 * the reader takes them: the rest stays in the watch, which is bounded.
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
      // Proxies must neither cache, change nor buffer the stream.
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    response.on('drain', () => {
      this.#isFull = false;
      this.#writePending();
    });
    response.once('close', () => clearInterval(this.#heartbeat));
    this.#watch.onReadable(() => this.#writePending());
    this.#heartbeat = setInterval(() => this.#beat(), this.#heartbeatMs);
    // A reader that is cut off before the first event resumes from here.
    this.#write(`retry: ${RECONNECT_MS}\nid: ${this.#watch.token()}\n\n`);
    this.#writePending();
  }

  end(): void {
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  #writePending(): void {
    while (!this.#isFull && !this.#response.writableEnded) {
      const item = this.#watch.take();
      if (item === undefined) break;
      this.#write(this.#textOf(item));
    }
    if (this.#watch.end() !== undefined) this.end();
  }

  /** Renews the token: without events it would become too old. */
  #beat(): void {
    if (!this.#isFull) this.#write(`: heartbeat\nid: ${this.#watch.token()}\n\n`);
  }

  #write(text: string): void {
    this.#isFull = !this.#response.write(text);
  }
}

/** The text of an item, made once for all its watchers. */
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
