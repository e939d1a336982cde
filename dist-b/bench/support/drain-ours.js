import { pino } from 'pino';
import { systemClock } from "../../src/base/clock.js";
import { createMetrics } from "../../src/base/metrics.js";
import { RecordFrame } from "../../src/base/record-frame.js";
import { EmbeddedEventLog } from "../../src/log/embedded/embedded-event-log.js";
import { Pipeline } from "../../src/pipeline/pipeline.js";
import { BatchPool } from "../../src/pool/batch-pool.js";
import { migrate } from "../../src/store/migrate.js";
import { openReader } from "../../src/store/open-store.js";
import { createWriteTurn } from "../../src/store/sqlite/write-turn.js";
import { logOptions } from "./drain-task.js";
/**
 * Drains an embedded log that was filled before into SQLite: consumer → lanes → threads → batches, as the service does
 * it. The clock runs from the start of reading to the last status event being published.
 */
process.once('message', (task) => {
    drain(task).then((result) => process.send?.(result, () => process.disconnect()), (error) => {
        console.error(error);
        process.exit(1);
    });
});
async function drain({ folder, orders, threads, batch }) {
    const logger = pino({ level: 'warn' });
    const store = { kind: 'sqlite', path: `${folder}/orders.db` };
    await migrate(store, logger);
    const reader = await openReader(store);
    const log = new EmbeddedEventLog(logOptions(folder));
    await log.start();
    const pool = new BatchPool({
        threads,
        settings: { store, writeTurn: createWriteTurn(), processor: undefined },
    });
    await pool.start();
    const metrics = createMetrics();
    let published = 0;
    let finish = () => undefined;
    const drained = new Promise((resolve) => (finish = resolve));
    const pipeline = new Pipeline({
        lanes: threads,
        batchMaxRecords: batch,
        batchMaxBytes: 4 * 1024 * 1024,
        batchMaxWaitMs: 10,
        oneWriter: true,
        log,
        pool,
        reader,
        publish: (statuses) => {
            published += new RecordFrame(statuses).count;
            if (published >= orders)
                finish();
            return Promise.resolve();
        },
        metrics,
        logger,
        clock: systemClock,
    });
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    await pipeline.start();
    await drained;
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const rssBytes = process.memoryUsage.rss();
    await pipeline.stop();
    await pool.stop();
    await log.stop();
    await reader.close();
    return { seconds, cpuMicros: cpu.user + cpu.system, rssBytes };
}
//# sourceMappingURL=drain-ours.js.map