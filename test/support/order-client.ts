import type { NewOrder } from '../../src/order/order.ts';

export interface Answer<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface OrderBody {
  id: string;
  status: string;
  version: number;
  total?: number;
}

export function anOrder(changes: Partial<NewOrder> = {}): NewOrder {
  return {
    customerId: 'c-123',
    merchantId: 'm-9',
    currency: 'INR',
    items: [{ sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25_000 }],
    metadata: { channel: 'app' },
    ...changes,
  };
}

/** Speaks HTTP as any client would; every request has a deadline. */
export class OrderClient {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  place(order: unknown = anOrder(), headers: Record<string, string> = {}): Promise<Answer<OrderBody>> {
    return this.post('/v1/orders', order, headers);
  }

  /** @param path an order id, or a Location */
  order(path: string): Promise<Answer<OrderBody>> {
    return this.get(path.startsWith('/') ? path : `/v1/orders/${path}`);
  }

  history(id: string): Promise<Answer<{ data: { version: number; status: string }[] }>> {
    return this.get(`/v1/orders/${id}/history`);
  }

  transition(id: string, to: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return this.post(`/v1/orders/${id}/transitions`, { to, ...more });
  }

  async get<Body>(path: string): Promise<Answer<Body>> {
    return answer(await fetch(this.url + path, { signal: AbortSignal.timeout(30_000) }));
  }

  async post<Body>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer<Body>> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    return answer(response);
  }
}

async function answer<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return {
    status: response.status,
    headers: response.headers,
    body: (isJson ? JSON.parse(text) : text) as Body,
  };
}
