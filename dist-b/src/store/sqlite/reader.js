import { formatCursor } from "../list-cursor.js";
import { settled } from "./connection.js";
import { listStatement } from "./list-query.js";
import { ORDER_COLUMNS, toOrder, toStoredOrder, } from "./rows.js";
/** Answers from the last committed batch, on the thread that asks: a find takes some 10 µs, a page of 100 some 0.5 ms. */
export class SqliteOrderReader {
    #connection;
    #find;
    #history;
    #progress;
    /** by text, of which there are eight */
    #lists = new Map();
    /** The connection is closed by `close`. */
    constructor(connection) {
        this.#connection = connection;
        this.#find = connection.prepare(`SELECT ${ORDER_COLUMNS}, fingerprint, placed_by FROM orders WHERE id = ?`);
        this.#history = connection.prepare('SELECT version, status, at, reason FROM order_history WHERE order_id = ? ORDER BY version');
        this.#progress = connection.prepare('SELECT next_offset FROM progress WHERE topic = ? AND partition = ?');
    }
    find(orderId) {
        return settled(() => {
            const row = this.#find.get(orderId);
            return row === undefined ? undefined : toStoredOrder(row);
        });
    }
    history(orderId) {
        return settled(() => this.#history.all(orderId));
    }
    list(query) {
        return settled(() => {
            // One more than asked for tells whether there is a next page.
            const { sql, values } = listStatement({ ...query, limit: query.limit + 1 });
            const rows = this.#listing(sql).all(...values);
            const shown = rows.slice(0, query.limit);
            const last = shown.at(-1);
            const more = rows.length > shown.length && last !== undefined;
            return {
                data: shown.map(toOrder),
                nextCursor: more ? formatCursor({ createdAt: last.created_at, seq: last.seq }) : null,
            };
        });
    }
    progress(topic, partition) {
        return settled(() => this.#progress.get(topic, partition)?.next_offset);
    }
    close() {
        return settled(() => {
            this.#connection.close();
        });
    }
    #listing(sql) {
        let statement = this.#lists.get(sql);
        if (statement === undefined) {
            statement = this.#connection.prepare(sql);
            this.#lists.set(sql, statement);
        }
        return statement;
    }
}
//# sourceMappingURL=reader.js.map