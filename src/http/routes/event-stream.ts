import type { StatusChange } from '../../order/commands.ts';
import { encodeOnce, type EventEncoder } from '../../services/event-encoder.ts';
import type { WatchItem } from '../../services/watch.ts';
import { anyOrderBody, timestamp } from '../schemas/order.ts';
import type { Problem } from '../schemas/problem.ts';

/** Delay before a browser reconnects. */
const RECONNECT_MS = 1_000;

export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Proxies must neither cache, change nor buffer the stream.
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/** Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function createEventEncoder(): EventEncoder<string> {
  return {
    protocol: 'sse',
    item: encodeOnce((item) =>
      flat(`event: ${item.kind}\nid: ${item.token}\ndata: ${JSON.stringify(dataOf(item))}\n\n`),
    ),
    heartbeat: (token) => `: heartbeat\nid: ${token}\n\n`,
    join: (chunks) => chunks.join(''),
  };
}

/** V8 keeps a concatenated string as a tree, and would walk it for each watcher. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

/** Written first: a reader that disconnects before the first event resumes from this token. */
export function streamStart(token: string): string {
  return `retry: ${RECONNECT_MS}\nid: ${token}\n\n`;
}

/** The last event of a stream that failed. It has no id, so a reader that reconnects repeats the token it has. */
export function streamProblem(problem: Problem): string {
  return `event: problem\ndata: ${JSON.stringify(problem)}\n\n`;
}

function dataOf(item: WatchItem): object {
  return item.kind === 'change' ? changeBody(item.change) : anyOrderBody(item.order);
}

function changeBody({ orderId, customerId, merchantId, status, version, at, reason }: StatusChange) {
  return { orderId, customerId, merchantId, status, version, at: timestamp(at), reason };
}
