/** Everything that the service has of a customer, page by page. */
export async function allOrders(client, customerId) {
    const orders = [];
    let cursor = '';
    do {
        const { body } = await client.get(`/v1/orders?customerId=${customerId}&limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
        orders.push(...body.data);
        cursor = body.nextCursor ?? '';
    } while (cursor !== '');
    return orders;
}
//# sourceMappingURL=all-orders.js.map