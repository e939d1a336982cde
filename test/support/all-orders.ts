import type { OrderClient } from './order-client.ts';

export interface ListedOrder {
  id: string;
  status: string;
  version: number;
}

/** Everything that the service has of a customer, page by page. */
export async function allOrders(client: OrderClient, customerId: string): Promise<ListedOrder[]> {
  const orders: ListedOrder[] = [];
  let cursor = '';
  do {
    const { body } = await client.get<{ data: ListedOrder[]; nextCursor: string | null }>(
      `/v1/orders?customerId=${customerId}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    orders.push(...body.data);
    cursor = body.nextCursor ?? '';
  } while (cursor !== '');
  return orders;
}
