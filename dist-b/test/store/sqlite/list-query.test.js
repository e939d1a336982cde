import t from 'tap';
import { formatCursor } from "../../../src/store/list-cursor.js";
import { openReadOnly } from "../../../src/store/sqlite/connection.js";
import { listStatement } from "../../../src/store/sqlite/list-query.js";
import { migratedTarget } from "./make-store.js";
const OPTIONAL = {
    customerId: 'c-1',
    merchantId: 'm-1',
    status: 'confirmed',
    createdAfter: 1,
    createdBefore: 9,
    cursor: formatCursor({ createdAt: 5, seq: 7 }),
};
await t.test('no list scans the table or sorts, whatever its filters, bounds and cursor', async (t) => {
    const connection = openReadOnly((await migratedTarget(t)).path);
    t.teardown(() => connection.close());
    const texts = new Set();
    for (const query of everyQuery()) {
        const plan = planOf(connection, query);
        const what = Object.keys(query).join(' ');
        t.notMatch(plan, /SCAN|TEMP B-TREE/, what);
        t.match(plan, /SEARCH orders USING INDEX orders_by_\w+ \(.*created_at=\? AND rowid<\?\)/, what);
        t.match(plan, /SEARCH orders USING INDEX orders_by_\w+ \(.*created_at>\? AND created_at<\?\)/, what);
        texts.add(listStatement(query).sql);
    }
    t.equal(texts.size, 8, 'so few that each is prepared once a connection');
});
await t.test('the narrowest filter picks the index', async (t) => {
    const connection = openReadOnly((await migratedTarget(t)).path);
    t.teardown(() => connection.close());
    const { customerId, merchantId, status } = OPTIONAL;
    t.match(planOf(connection, { limit: 1 }), /orders_by_time/);
    t.match(planOf(connection, { status, limit: 1 }), /orders_by_status \(status=/);
    t.match(planOf(connection, { status, merchantId, limit: 1 }), /orders_by_merchant \(merchant_id=/);
    t.match(planOf(connection, { status, merchantId, customerId, limit: 1 }), /orders_by_customer \(customer_id=/);
});
function planOf(connection, query) {
    const { sql, values } = listStatement(query);
    const steps = connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
    return steps.map(({ detail }) => detail).join('\n');
}
/** All combinations of what a list may be asked with. */
function everyQuery() {
    return Object.entries(OPTIONAL).reduce((queries, [name, value]) => queries.flatMap((query) => [query, { ...query, [name]: value }]), [{ limit: 20 }]);
}
//# sourceMappingURL=list-query.test.js.map