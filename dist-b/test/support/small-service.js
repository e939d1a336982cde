import { join } from 'node:path';
import { createLogger } from "../../src/base/logger.js";
import { decodeRecordFrame, encodeRecordFrame } from "../../src/base/record-frame.js";
import { createIntake } from "../../src/intake/intake.js";
import { EmbeddedEventLog } from "../../src/log/embedded/embedded-event-log.js";
import { TOPICS } from "../../src/log/event-log.js";
import { createEventCodec } from "../../src/order/events.js";
import { processBatch } from "../../src/pool/process-batch.js";
import { loadJudge } from "../../src/pool/processor.js";
import { StatusHub } from "../../src/status/status-hub.js";
import { migrate } from "../../src/store/migrate.js";
import { openBatchStore, openReader } from "../../src/store/open-store.js";
import { createWriteTurn } from "../../src/store/sqlite/write-turn.js";
import { eventually } from "./eventually.js";
import { temporaryFolder } from "./temporary-folder.js";
export async function startSmallService(t) {
    const folder = await temporaryFolder(t);
    const logger = createLogger('silent');
    const codec = createEventCodec();
    const target = { kind: 'sqlite', path: join(folder, 'orders.db') };
    await migrate(target, logger);
    const [reader, store] = await Promise.all([openReader(target), openBatchStore(target, createWriteTurn())]);
    const log = new EmbeddedEventLog({
        dataDirectory: folder,
        groupId: 'test',
        partitions: 3,
        maxPendingRecords: 10_000,
        maxPendingBytes: 10_000_000,
        ackTimeoutMs: 5_000,
        retentionMs: 600_000,
        logger,
    });
    await log.start();
    const dependencies = { store, judge: await loadJudge(undefined), codec, clock: Date.now };
    t.teardown(async () => {
        await log.stop();
        await reader.close();
        await store.close();
    });
    const replica = (face = log) => {
        const hub = new StatusHub({ codec, maxWatchers: 100, logger });
        return { hub, intake: createIntake({ log: face, reader, hub, codec, clock: Date.now }) };
    };
    const own = replica();
    const processAll = async (hubs = [own.hub]) => {
        const records = await everything(log);
        const frame = encodeRecordFrame(records);
        const { statuses } = await processBatch({ kind: 'batch', topic: TOPICS.commands, frame, applied: new Map() }, dependencies);
        for (const hub of hubs)
            hub.publish(decodeRecordFrame(statuses));
    };
    return { log, reader, ...own, replica, processAll };
}
async function everything(log) {
    const records = [];
    const consumer = log.consumer(TOPICS.commands, {
        onAssigned: (committed) => Promise.resolve(new Map([...committed.keys()].map((partition) => [partition, 'earliest']))),
        onRevoked: () => Promise.resolve(),
        onRecords: (more) => records.push(...more),
        onFailed: (error) => {
            throw error;
        },
    });
    await consumer.start();
    // Nothing is committed here, so the lag is all that there is.
    const all = () => [...consumer.lag().values()].reduce((sum, lag) => sum + lag, 0);
    await eventually(() => records.length > 0 && records.length === all(), {
        what: 'the log to be read to its end',
    });
    await consumer.stop();
    return records;
}
//# sourceMappingURL=small-service.js.map