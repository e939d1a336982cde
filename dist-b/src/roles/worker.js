import { systemClock } from "../base/clock.js";
import { Pipeline } from "../pipeline/pipeline.js";
import { publishToHub, publishToLog } from "../pipeline/publish-status.js";
import { BatchPool } from "../pool/batch-pool.js";
import { createWriteTurn } from "../store/sqlite/write-turn.js";
/** Bytes a batch; an order event is some 600. */
const BATCH_MAX_BYTES = 4 * 1024 * 1024;
/** The half of the service that consumes commands: threads and the pipeline that feeds them. */
export async function startWorker({ config, logger, metrics, lifecycle, log, reader, hub, }) {
    const settings = { store: config.database, writeTurn: createWriteTurn(), processor: config.processor };
    const pool = new BatchPool({ threads: config.workerThreads, settings });
    await lifecycle.start('worker threads', pool);
    const pipeline = new Pipeline({
        lanes: config.workerThreads,
        batchMaxRecords: config.batchMaxSize,
        batchMaxBytes: BATCH_MAX_BYTES,
        batchMaxWaitMs: config.batchMaxWaitMs,
        oneWriter: config.database.kind === 'sqlite',
        log,
        pool,
        reader,
        publish: config.eventLog === 'embedded' ? publishToHub(hub) : publishToLog(log),
        metrics,
        logger,
        clock: systemClock,
    });
    return lifecycle.start('pipeline', pipeline);
}
//# sourceMappingURL=worker.js.map