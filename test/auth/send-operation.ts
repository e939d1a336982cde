import { Client, credentials, Metadata, type MethodDefinition, type StatusObject } from '@grpc/grpc-js';
import type { OrdersApi } from '../../src/grpc/orders-api.ts';
import { decodedError } from '../support/grpc-error.ts';
import { anOrder } from '../support/order-client.ts';

/**
 * The outcome of an operation: the code of the error that refused it, `nothing` for an empty list, otherwise `admitted`. What the
 * service has admitted may still fail, with a 404 for example.
 */
export type Outcome = string;

/** A stored order. Its customer and merchant are neither `another customer` nor `another merchant` of the matrix. */
export interface KnownOrder {
  id: string;
}

const ADMISSION_CODES = new Set([
  'unauthenticated',
  'scope-missing',
  'access-denied',
  'identity-unavailable',
  'order-not-found',
]);

const DEADLINE_MS = 20_000;

const BODIES: Record<string, unknown> = {
  'POST /v1/orders': anOrder(),
  'POST /v1/orders/batch': { orders: [anOrder()] },
  'POST /v1/orders/:id/transitions': { to: 'cancelled' },
  'POST /v1/dead-letters/replay': { filter: {}, dryRun: true },
  'POST /v1/dead-letters/discard': { filter: {}, dryRun: true },
};

/** Sends a valid request of an HTTP operation. @param operation `METHOD /path` */
export async function sendHttp(
  base: string,
  operation: string,
  order: KnownOrder,
  authorization: string | undefined,
  query = '',
): Promise<Outcome> {
  const [method = '', route = ''] = operation.split(' ');
  const path = route.replace(':id', route.includes('dead-letters') ? '1' : order.id);
  const watched = route.endsWith('order-events') ? `?orderId=${order.id}` : '';
  const body = BODIES[operation];
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const end = new AbortController();
  const response = await fetch(base + path + (watched === '' ? query : watched + query.replace('?', '&')), {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([end.signal, AbortSignal.timeout(DEADLINE_MS)]),
  });
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) {
    end.abort();
    return 'admitted';
  }
  return httpOutcome(await response.text());
}

function httpOutcome(text: string): Outcome {
  const body = (text.startsWith('{') ? JSON.parse(text) : {}) as {
    code?: string;
    data?: unknown[];
    results?: { problem?: { code: string } }[];
  };
  const code = body.code ?? body.results?.[0]?.problem?.code ?? '';
  if (ADMISSION_CODES.has(code)) return code;
  return body.data?.length === 0 ? 'nothing' : 'admitted';
}

/** Sends valid requests of gRPC methods over one connection. */
export class MethodCaller {
  readonly #client: Client;
  readonly #methods: Map<string, MethodDefinition<object, object>>;

  constructor(address: string, { orders, watch }: OrdersApi) {
    this.#client = new Client(address, credentials.createInsecure());
    const methods = [...Object.values(orders), ...Object.values(watch)] as MethodDefinition<object, object>[];
    this.#methods = new Map(methods.map((method) => [method.path, method]));
  }

  close(): void {
    this.#client.close();
  }

  send(path: string, order: KnownOrder, authorization: string | undefined): Promise<Outcome> {
    const method = this.#methods.get(path);
    if (method === undefined) throw new Error(`There is no method ${path}.`);
    const metadata = new Metadata();
    if (authorization !== undefined) metadata.set('authorization', authorization);
    const { requestSerialize, responseDeserialize } = method;
    const request = requestOf(path, order);
    const options = { deadline: Date.now() + DEADLINE_MS };
    return new Promise((resolve) => {
      const failed = (error: unknown) => resolve(grpcOutcome(error as StatusObject));
      if (method.responseStream) {
        const call = this.#client.makeServerStreamRequest(
          ...([path, requestSerialize, responseDeserialize, request, metadata, options] as const),
        );
        call.on('error', failed);
        call.once('data', () => {
          resolve('admitted');
          call.cancel();
        });
      } else {
        this.#client.makeUnaryRequest(
          ...([path, requestSerialize, responseDeserialize, request, metadata, options] as const),
          (error, answer) => {
            if (error !== null) failed(error);
            else resolve(isEmptyList(answer) ? 'nothing' : 'admitted');
          },
        );
      }
    });
  }
}

function requestOf(path: string, { id }: KnownOrder): object {
  if (path.endsWith('/CreateOrder')) return anOrder();
  return { orderId: id, ...(path.endsWith('/TransitionOrder') ? { to: 'ORDER_STATUS_CANCELLED' } : {}) };
}

function isEmptyList(answer: object | undefined): boolean {
  return answer !== undefined && 'orders' in answer && (answer.orders as unknown[]).length === 0;
}

function grpcOutcome(error: StatusObject): Outcome {
  const { ErrorInfo } = decodedError(error).details as { ErrorInfo?: { metadata: { code?: string } } };
  const code = ErrorInfo?.metadata.code ?? '';
  return ADMISSION_CODES.has(code) ? code : 'admitted';
}
