import { parseCursor } from "../list-cursor.js";
import { ORDER_COLUMNS } from "./rows.js";
/** The narrowest first: the first filter that is given picks the index, the others are checked row by row. */
const FILTERS = [
    { name: 'customerId', column: 'customer_id', index: 'orders_by_customer' },
    { name: 'merchantId', column: 'merchant_id', index: 'orders_by_merchant' },
    { name: 'status', column: 'status', index: 'orders_by_status' },
];
const NEWEST = { createdAt: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER };
/**
 * The orders before a keyset (created_at, seq), newest first, as two ranges of one index: those of the keyset's own
 * millisecond, then the older ones. SQLite would not seek to a rowid by comparing the pair, and so would walk again
 * over every order of that millisecond. The index is named, so that no statistics can talk the planner into a sort.
 * Both bounds are exclusive. There are eight different texts in all.
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query) {
    const given = FILTERS.filter(({ name }) => query[name] !== undefined);
    const equal = given.map(({ column }) => `${column} = ? AND `).join('');
    const equalTo = given.map(({ name }) => query[name] ?? null);
    const from = `SELECT ${ORDER_COLUMNS} FROM orders INDEXED BY ${given[0]?.index ?? 'orders_by_time'} WHERE ${equal}`;
    const after = query.createdAfter ?? Number.MIN_SAFE_INTEGER;
    const { createdAt, seq } = upperBound(query);
    return {
        sql: `${from} created_at = ? AND seq < ? AND ? > ? UNION ALL ${from} created_at < ? AND created_at > ?
          ORDER BY created_at DESC, seq DESC LIMIT ?`,
        values: [...equalTo, createdAt, seq, createdAt, after, ...equalTo, createdAt, after, query.limit],
    };
}
function upperBound({ cursor, createdBefore }) {
    const start = cursor === undefined ? NEWEST : parseCursor(cursor);
    if (createdBefore === undefined || start.createdAt < createdBefore)
        return start;
    return { createdAt: createdBefore, seq: 0 };
}
//# sourceMappingURL=list-query.js.map