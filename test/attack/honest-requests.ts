import { once } from 'node:events';
import type { StatusObject } from '@grpc/grpc-js';
import { toError } from '../../src/base/errors.ts';
import type { GrpcClient } from '../support/grpc-client.ts';
import { decodedError } from '../support/grpc-error.ts';
import { anOrder } from '../support/order-client.ts';
import { TIMEOUT_MS, type HonestHttp } from './honest-http.ts';

export type Kind = keyof HonestRequests['send'];

/** The client's own rate limit refused the request. */
export class Limited extends Error {}

/** The ordinary requests of one customer. */
export class HonestRequests {
  readonly eventsPath: string;
  readonly #customerId: string;
  readonly #http: HonestHttp;
  readonly #grpc: GrpcClient;
  /** of the order placed last */
  #location: string | undefined;

  constructor(http: HonestHttp, grpc: GrpcClient, customerId: string) {
    this.#http = http;
    this.#grpc = grpc;
    this.#customerId = customerId;
    this.eventsPath = `/v1/order-events?customerId=${customerId}`;
  }

  /**
   * One request of each kind. Resolves with the id of an order whose event is due, if there is one.
   * @throws Limited
   * @throws Error with the status, the code or `timeout` as its message
   */
  readonly send = {
    create: async (): Promise<string> => {
      const { body, location } = await this.#expect(202, '/v1/orders', { body: this.#order });
      this.#location = location;
      return String(body.id);
    },
    /** `Prefer: wait` */
    wait: async (): Promise<string> => {
      const headers = { prefer: 'wait=5' };
      const { body } = await this.#expect(201, '/v1/orders', { body: this.#order, headers });
      return String(body.id);
    },
    read: async (): Promise<undefined> => {
      await this.#expect(200, this.#location ?? '/livez');
    },
    list: async (): Promise<undefined> => {
      await this.#expect(200, '/v1/orders');
    },
    listOwn: async (): Promise<undefined> => {
      await this.#expect(200, `/v1/orders?customerId=${this.#customerId}&limit=50`);
    },
    /** Opens another stream and reads how it begins. */
    open: async (): Promise<undefined> => {
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const response = await this.#http.stream(this.eventsPath, {}, signal);
      try {
        if (response.statusCode === 429) throw new Limited();
        if (response.statusCode !== 200) throw new Error(String(response.statusCode));
        await once(response, 'data', { signal });
      } finally {
        response.destroy();
      }
    },
    grpcCreate: async (): Promise<string> => {
      const { id } = await called(this.#grpc.create(this.#order));
      return id;
    },
    grpcRead: async (): Promise<undefined> => {
      if (this.#location === undefined) return;
      const { pathname, searchParams } = new URL(this.#location, 'http://127.0.0.1');
      const orderId = pathname.slice(pathname.lastIndexOf('/') + 1);
      await called(this.#grpc.get({ orderId, logPosition: searchParams.get('position') ?? '' }));
    },
    grpcList: async (): Promise<undefined> => {
      await called(this.#grpc.list({}));
    },
  };

  get #order() {
    return anOrder({ customerId: this.#customerId });
  }

  async #expect(status: number, path: string, options: Parameters<HonestHttp['send']>[1] = {}) {
    const answer = await this.#http.send(path, options);
    if (answer.status === 429) throw new Limited();
    const code = typeof answer.body.code === 'string' ? ` ${answer.body.code}` : '';
    if (answer.status !== status) throw new Error(`${answer.status}${code}`);
    return answer;
  }
}

/** Waits for a gRPC call. */
async function called<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timeout')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([call, timeout]);
  } catch (error) {
    throw grpcFailure(error);
  } finally {
    clearTimeout(timer);
  }
}

function grpcFailure(error: unknown): Error {
  if (!(error instanceof Error) || !('metadata' in error)) return toError(error);
  const { code, details } = decodedError(error as Error & StatusObject);
  const info = details['ErrorInfo'] as { reason?: string } | undefined;
  if (info?.reason === 'RATE_LIMITED') return new Limited();
  return new Error(`${code} ${info?.reason ?? ''}`.trim());
}
