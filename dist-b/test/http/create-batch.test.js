import t from 'tap';
import { ServiceError } from "../../src/base/errors.js";
import { anOrder } from "../support/order-client.js";
import { startHttp } from "./http-under-test.js";
async function createBatch({ app }, orders, headers = {}) {
    const response = await app.inject({
        method: 'POST',
        url: '/v1/orders/batch',
        headers,
        payload: { orders },
    });
    return { status: response.statusCode, results: response.json().results };
}
await t.test('every order of a batch gets a result of its own, in order', async (t) => {
    const http = await startHttp(t);
    const bad = anOrder({ items: [{ sku: 'a', quantity: 0, unitPrice: 1 }] });
    const { status, results } = await createBatch(http, [anOrder(), bad, 7, anOrder()]);
    t.equal(status, 207);
    t.match(results, [
        { index: 0, status: 202, id: http.appended[0]?.key },
        {
            index: 1,
            status: 400,
            problem: { code: 'validation-failed', errors: [{ pointer: '/items/0/quantity' }] },
        },
        { index: 2, status: 400, problem: { errors: [{ pointer: '' }] } },
        { index: 3, status: 202, id: http.appended[1]?.key },
    ]);
    t.strictSame(Object.keys(results[0] ?? {}), ['index', 'status', 'id']);
    t.equal(http.appended.length, 2);
    t.match(await http.metrics.ordersAcknowledged.get(), { values: [{ value: 2 }] });
});
await t.test('a repeated batch with the same key finds the same orders', async (t) => {
    const http = await startHttp(t);
    const orders = [anOrder(), anOrder(), 'bad'];
    const first = await createBatch(http, orders, { 'idempotency-key': 'b-1' });
    const second = await createBatch(http, orders, { 'idempotency-key': 'b-1' });
    t.not(first.results[0]?.id, first.results[1]?.id, 'the same order twice in a batch is two orders');
    t.strictSame(second.results.slice(0, 2), first.results.slice(0, 2));
    t.equal(http.appended.length, 2);
    const single = await http.app.inject({
        method: 'POST',
        url: '/v1/orders',
        headers: { 'idempotency-key': 'b-1#1' },
        payload: anOrder(),
    });
    t.equal(single.json().id, first.results[1]?.id, 'the key of order i is <key>#<i>');
});
await t.test('a log that gets full in the middle refuses only the rest', async (t) => {
    let room = 2;
    const http = await startHttp(t, {
        beforeAppend: () => {
            room -= 1;
            if (room < 0)
                throw new ServiceError('log-full', 'Too many appends are pending.');
        },
    });
    const { results } = await createBatch(http, [anOrder(), anOrder(), anOrder()]);
    t.strictSame(results.map(({ status }) => status), [202, 202, 503]);
    t.match(results[2]?.problem, { code: 'log-full', status: 503 });
});
await t.test('a defect is told as 500 without the inside, and logged', async (t) => {
    const http = await startHttp(t, {
        beforeAppend: () => {
            throw new Error('secret of the inside');
        },
    });
    const { results } = await createBatch(http, [anOrder()]);
    t.match(results, [{ status: 500, problem: { code: 'internal' } }]);
    t.notMatch(JSON.stringify(results), /secret/);
    t.match(http.logged, [{ err: { message: 'secret of the inside' } }]);
});
await t.test('1000 orders are taken in one request', async (t) => {
    const http = await startHttp(t);
    const { results } = await createBatch(http, Array.from({ length: 1000 }, () => anOrder()));
    t.ok(results.every(({ status }, index) => status === 202 && results[index]?.index === index));
    t.equal(new Set(results.map(({ id }) => id)).size, 1000);
});
//# sourceMappingURL=create-batch.test.js.map