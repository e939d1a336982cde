import type { NewOrder } from '../../src/order/order.ts';
import { eventually } from '../support/eventually.ts';
import type { ReleasedData } from './released-data.ts';

interface Order {
  id: string;
  status: string;
  version: number;
  total: number;
}

/** Places orders in every state at a service that runs fixture-processor.mjs. @throws Error if an order does not reach its state */
export async function fillService(url: string): Promise<Omit<ReleasedData, 'version'>> {
  const api = new Api(url);
  const first = await api.placed('m-1');
  const token = await api.resumeToken();
  const moved = await api.placed('m-1');
  for (const to of ['preparing', 'dispatched', 'delivered']) await api.move(moved, to);
  const cancelled = await api.placed('m-1');
  await api.move(cancelled, 'cancelled');
  const rejected = await api.placed('m-rejects', 'rejected');
  const key = 'a-key-of-the-release-before';
  const keyed = await api.place('m-1', { 'idempotency-key': key });
  await api.reaches(keyed, 'confirmed');
  const failed = await api.placed('m-broken', 'failed');
  const discarded = await api.placed('m-broken', 'failed');
  await api.discard(discarded);
  const resume = {
    token,
    changes: await api.changesSince([moved, cancelled, rejected, keyed, failed, discarded]),
  };

  const [retrying, withQueued] = [await api.place('m-away'), await api.place('m-away')];
  await api.request(withQueued, 'cancelled');
  await api.retrying(2);
  const unprocessed = await api.place('m-hangs');
  const orders = [first, moved, cancelled, rejected, keyed, discarded];
  return {
    orders: await Promise.all(orders.map((id) => api.described(id))),
    keyed: { key, order: anOrder('m-1'), id: keyed },
    retrying: { id: retrying, cancelled: withQueued },
    failed: { id: failed, discarded },
    unprocessed,
    resume,
  };
}

function anOrder(merchantId: string): NewOrder {
  const items = [{ sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25_000 }];
  return { customerId: 'c-1', merchantId, currency: 'INR', items, metadata: { channel: 'app' } };
}

class Api {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async place(merchantId: string, headers: Record<string, string> = {}): Promise<string> {
    return (await this.#post<Order>('/v1/orders', anOrder(merchantId), headers)).id;
  }

  async placed(merchantId: string, status = 'confirmed'): Promise<string> {
    const id = await this.place(merchantId);
    await this.reaches(id, status);
    return id;
  }

  async request(id: string, to: string): Promise<void> {
    await this.#post(`/v1/orders/${id}/transitions`, { to, reason: 'asked for' });
  }

  async move(id: string, to: string): Promise<void> {
    await this.request(id, to);
    await this.reaches(id, to);
  }

  async reaches(id: string, status: string): Promise<void> {
    const isThere = async () => (await this.#get<Order>(`/v1/orders/${id}`)).status === status;
    await eventually(isThere, { what: `${id} to be ${status}` });
  }

  async retrying(count: number): Promise<void> {
    const waiting = async () =>
      (await this.#get<{ retries: { waiting: number } }>('/v1/stats')).retries.waiting === count;
    await eventually(waiting, { what: `${count} retrying orders` });
  }

  async discard(orderId: string): Promise<void> {
    const { data } = await this.#get<{ data: { id: number }[] }>(`/v1/dead-letters?orderId=${orderId}`);
    await this.#post('/v1/dead-letters/discard', { ids: data.map(({ id }) => id) });
  }

  async described(id: string): Promise<ReleasedData['orders'][number]> {
    const { status, version, total } = await this.#get<Order>(`/v1/orders/${id}`);
    const { data } = await this.#get<{ data: { status: string }[] }>(`/v1/orders/${id}/history`);
    return { id, status, version, total, statuses: data.map((entry) => entry.status) };
  }

  /** The token with which a stream of all orders begins now. */
  async resumeToken(): Promise<string> {
    const response = await fetch(`${this.#url}/v1/order-events`);
    if (response.body === null) throw new Error('The stream has no body.');
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const token = /^id: (.+)\n/m.exec(text)?.[1];
      if (token !== undefined) return token;
    }
    throw new Error('The stream ended before its first event.');
  }

  /** Each change of these orders as `order id/version`, in the order in which they happened one after the other. */
  async changesSince(ids: readonly string[]): Promise<string[]> {
    const histories = ids.map(async (id) => {
      const { data } = await this.#get<{ data: { version: number }[] }>(`/v1/orders/${id}/history`);
      return data.map(({ version }) => `${id}/${version}`);
    });
    return (await Promise.all(histories)).flat();
  }

  async #get<Body>(path: string): Promise<Body> {
    return this.#read(await fetch(this.#url + path));
  }

  async #post<Body>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Body> {
    const all = { 'content-type': 'application/json', ...headers };
    return this.#read(
      await fetch(this.#url + path, { method: 'POST', headers: all, body: JSON.stringify(body) }),
    );
  }

  async #read<Body>(response: Response): Promise<Body> {
    if (!response.ok)
      throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Body;
  }
}
