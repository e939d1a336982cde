import { join } from 'node:path';
import { createLogger } from "../../../src/base/logger.js";
import { migrate } from "../../../src/store/migrate.js";
import { openBatchStore, openReader } from "../../../src/store/open-store.js";
import { openReadOnly } from "../../../src/store/sqlite/connection.js";
import { createWriteTurn } from "../../../src/store/sqlite/write-turn.js";
export const silent = createLogger('silent');
/** A migrated file in the test's own folder. */
export async function migratedTarget(t) {
    const target = { kind: 'sqlite', path: join(t.testdir(), 'orders.db') };
    await migrate(target, silent);
    return target;
}
export async function makeSqliteStore(t) {
    const target = await migratedTarget(t);
    const turn = createWriteTurn();
    const reader = await openReader(target);
    const raw = openReadOnly(target.path);
    t.teardown(async () => {
        raw.close();
        await reader.close();
    });
    return {
        reader,
        writer: async () => {
            const store = await openBatchStore(target, turn);
            t.teardown(() => store.close());
            return store;
        },
        deadLetters: () => Promise.resolve(raw
            .prepare(`SELECT topic, partition, "offset", key, value, log_timestamp, order_id, reason, error, at
             FROM dead_letters ORDER BY topic, partition, "offset"`)
            .all()),
    };
}
//# sourceMappingURL=make-store.js.map