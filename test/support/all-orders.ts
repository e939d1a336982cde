import type { OrderClient } from './order-client.ts';

export interface ListedOrder {
  id: string;
  status: string;
  version: number;
}

/** Reads all orders of a customer page by page. @throws Error if the service does not answer with a page */
export async function allOrders(client: OrderClient, customerId: string): Promise<ListedOrder[]> {
  const orders: ListedOrder[] = [];
  let cursor = '';
  do {
    const { status, body } = await client.get<{ data: ListedOrder[]; nextCursor: string | null }>(
      `/v1/orders?customerId=${customerId}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    if (status !== 200) throw new Error(`A page was answered with ${status}: ${JSON.stringify(body)}`);
    orders.push(...body.data);
    cursor = body.nextCursor ?? '';
  } while (cursor !== '');
  return orders;
}
