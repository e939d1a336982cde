export function anOrder(changes = {}) {
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
    url;
    constructor(url) {
        this.url = url;
    }
    place(order = anOrder(), headers = {}) {
        return this.post('/v1/orders', order, headers);
    }
    /** @param path an order's id, or a Location as it was given */
    order(path) {
        return this.get(path.startsWith('/') ? path : `/v1/orders/${path}`);
    }
    history(id) {
        return this.get(`/v1/orders/${id}/history`);
    }
    transition(id, to, more = {}) {
        return this.post(`/v1/orders/${id}/transitions`, { to, ...more });
    }
    async get(path) {
        return answer(await fetch(this.url + path, { signal: AbortSignal.timeout(30_000) }));
    }
    async post(path, body, headers = {}) {
        const response = await fetch(this.url + path, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(body),
            signal: AbortSignal.timeout(30_000),
        });
        return answer(response);
    }
}
async function answer(response) {
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
        status: response.status,
        headers: response.headers,
        body: (isJson ? JSON.parse(text) : text),
    };
}
//# sourceMappingURL=order-client.js.map