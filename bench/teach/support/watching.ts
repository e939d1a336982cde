import { setMaxListeners } from 'node:events';
import { Agent, request, type ClientRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { OrderEvent__Output } from '../../../src/grpc/generated/orders/v1/OrderEvent.ts';
import { createWatchClient } from '../../support/watch-client.ts';

/** Each version of an order that a client learns of, as it arrives. */
export type OnVersion = (orderId: string, version: number) => void;

/** Begins to watch each of the orders, and resolves when every client knows its order. */
export type Watch = (orderIds: readonly string[], onVersion: OnVersion) => Promise<Watching>;

export interface Watching {
  stop: () => Promise<void>;
}

/** Coprime to the number of clients. */
const SCATTER = 61;

/** Every client asks again and again, with the ETag that it knows: an order that has not changed is answered 304, without a body. */
export function polling(address: string, everyMs: number): Watch {
  return async (orderIds, onVersion) => {
    const agent = new Agent({ keepAlive: true, noDelay: true });
    const stopping = new AbortController();
    setMaxListeners(0, stopping.signal);
    const tags = new Map<string, string>();
    const poll = async (orderId: string) => {
      const headers = { 'if-none-match': tags.get(orderId) ?? '""' };
      const { status, etag } = await get(`http://${address}/v1/orders/${orderId}`, agent, headers);
      if (status === 304) return;
      tags.set(orderId, etag);
      onVersion(orderId, Number(etag.replaceAll('"', '')));
    };
    await Promise.all(orderIds.map(poll));
    const clients = orderIds.map(async (orderId, index) => {
      // Clients do not ask in step, nor in the order in which their orders change.
      await delay(((index * SCATTER) % orderIds.length) * (everyMs / orderIds.length));
      while (!stopping.signal.aborted) {
        const startedAt = performance.now();
        await poll(orderId);
        const restMs = everyMs - (performance.now() - startedAt);
        await delay(Math.max(0, restMs), undefined, { signal: stopping.signal }).catch(() => undefined);
      }
    });
    // Reported when it stops.
    for (const client of clients) client.catch(() => undefined);
    return {
      stop: async () => {
        stopping.abort();
        await Promise.all(clients);
        agent.destroy();
      },
    };
  };
}

/** Every client has a stream of server-sent events, and so a connection, of its own. */
export function serverSentEvents(address: string): Watch {
  return async (orderIds, onVersion) => {
    const agent = new Agent({ maxSockets: Infinity });
    const streams: ClientRequest[] = [];
    const opened = orderIds.map(
      (orderId) =>
        new Promise<void>((resolve, reject) => {
          const stream = request(`http://${address}/v1/order-events?orderId=${orderId}`, { agent });
          streams.push(stream);
          stream.on('error', reject);
          stream.on('response', (response) => {
            response.on('error', reject);
            let text = '';
            response.setEncoding('utf8').on('data', (chunk: string) => {
              const events = `${text}${chunk}`.split('\n\n');
              text = events.pop() ?? '';
              for (const event of events) {
                const version = /"version":(\d+)/.exec(event)?.[1];
                if (version === undefined) continue;
                onVersion(orderId, Number(version));
                resolve();
              }
            });
          });
          stream.end();
        }),
    );
    await Promise.all(opened);
    return {
      stop: () => {
        for (const stream of streams) stream.destroy();
        agent.destroy();
        return Promise.resolve();
      },
    };
  };
}

/** Every client has a gRPC stream of its own; all share one connection. */
export function grpcStreams(address: string): Watch {
  return async (orderIds, onVersion) => {
    const client = await createWatchClient(address);
    const calls: { cancel: () => void }[] = [];
    const opened = orderIds.map(
      (orderId) =>
        new Promise<void>((resolve, reject) => {
          const call = client.watchOrder({ orderId });
          calls.push(call);
          call.on('error', reject);
          call.on('data', ({ snapshot, change }: OrderEvent__Output) => {
            onVersion(orderId, (change ?? snapshot)?.version ?? 0);
            resolve();
          });
        }),
    );
    await Promise.all(opened);
    return {
      stop: () => {
        for (const call of calls) call.cancel();
        client.close();
        return Promise.resolve();
      },
    };
  };
}

function get(
  url: string,
  agent: Agent,
  headers: Record<string, string>,
): Promise<{ status: number; etag: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, headers }, (response) => {
      const { statusCode: status = 0, headers } = response;
      response
        .on('error', reject)
        .on('end', () => {
          if (status === 200 || status === 304) resolve({ status, etag: headers.etag ?? '' });
          else reject(new Error(`${url} answered ${status}.`));
        })
        .resume();
    });
    sent.on('error', reject);
    sent.end();
  });
}
