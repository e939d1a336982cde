import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import t, {} from 'tap';
import { createLogger } from "../../src/base/logger.js";
import { decodeRecordFrame, encodeRecordFrame } from "../../src/base/record-frame.js";
import { BatchPool } from "../../src/pool/batch-pool.js";
import { migrate } from "../../src/store/migrate.js";
import { openReader } from "../../src/store/open-store.js";
import { createWriteTurn } from "../../src/store/sqlite/write-turn.js";
import { CommandRecords } from "../support/command-records.js";
import { temporaryFolder } from "../support/temporary-folder.js";
const processor = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;
async function harness(t, threads) {
    const store = { kind: 'sqlite', path: join(await temporaryFolder(t), 'orders.db') };
    await migrate(store, createLogger('silent'));
    const reader = await openReader(store);
    const pool = new BatchPool({ threads, settings: { store, writeTurn: createWriteTurn(), processor } });
    await pool.start();
    t.teardown(async () => {
        await pool.stop();
        await reader.close();
    });
    return { pool, reader };
}
function batch(records) {
    return { kind: 'batch', topic: 'orders.commands', frame: encodeRecordFrame(records), applied: new Map() };
}
await t.test('a batch crosses as one transferred buffer and comes back as one', async (t) => {
    const { pool, reader } = await harness(t, 1);
    const id = randomUUID();
    const request = batch([new CommandRecords().place(id)]);
    const { statuses, counts } = await pool.run(request);
    t.equal(request.frame.byteLength, 0, 'the frame was handed over');
    t.same(decodeRecordFrame(statuses).map(({ key }) => key?.toString()), [id]);
    t.equal(counts.placed, 1);
    t.match(await reader.find(id), { status: 'confirmed' });
});
await t.test('threads side by side take turns to write, and nothing is lost', async (t) => {
    const { pool, reader } = await harness(t, 2);
    const lanes = [0, 1].map((partition) => new CommandRecords(partition));
    await Promise.all(lanes.map(async (records) => {
        for (let round = 0; round < 20; round += 1) {
            await pool.run(batch(Array.from({ length: 50 }, () => records.place())));
        }
    }));
    for (const { partition } of lanes)
        t.equal(await reader.progress('orders.commands', partition), 1_000);
});
await t.test('an error keeps its code and its transience on its way out of the thread', async (t) => {
    const { pool } = await harness(t, 1);
    const failing = pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'transient-class' })]));
    await t.rejects(failing, { name: 'ServiceError', code: 'processor-transient', transient: true });
});
await t.test('a thread that dies fails its batch, and the next one is processed', async (t) => {
    const { pool, reader } = await harness(t, 1);
    const dying = pool.run(batch([new CommandRecords().place(randomUUID(), { merchantId: 'crash' })]));
    await t.rejects(dying, { code: 'worker-failed', transient: true });
    const id = randomUUID();
    await pool.run(batch([new CommandRecords().place(id)]));
    t.match(await reader.find(id), { status: 'confirmed' });
});
await t.test('what the threads cannot open is told at the start', async (t) => {
    const missing = { kind: 'sqlite', path: join(await temporaryFolder(t), 'missing', 'orders.db') };
    const settings = { store: missing, writeTurn: createWriteTurn(), processor: undefined };
    const noStore = new BatchPool({ threads: 1, settings });
    t.teardown(() => noStore.stop());
    await t.rejects(noStore.start(), { message: /directory does not exist/ });
    const noProcessor = new BatchPool({ threads: 1, settings: { ...settings, processor: '/nowhere.mjs' } });
    t.teardown(() => noProcessor.stop());
    await t.rejects(noProcessor.start(), { code: 'processor-invalid' });
});
await t.test('a pool that does not run refuses', async (t) => {
    const settings = {
        store: { kind: 'sqlite', path: '/nowhere' },
        writeTurn: createWriteTurn(),
        processor: undefined,
    };
    await t.rejects(new BatchPool({ threads: 1, settings }).run(batch([])), { code: 'worker-failed' });
});
//# sourceMappingURL=batch-pool.test.js.map