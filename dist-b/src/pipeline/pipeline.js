import { toError } from "../base/errors.js";
import { TOPICS } from "../log/event-log.js";
import { runBatch } from "./batch-run.js";
import { Lane } from "./lane.js";
import { startPositions } from "./start-positions.js";
/**
 * consumer → lane (collects) → runBatch (process, save, publish, commit). A partition belongs to one lane, so that
 * the events of an order keep their order (invariant 2).
 */
export class Pipeline {
    /** Resolves if the pipeline cannot go on by itself and the process should be restarted. */
    failed;
    #options;
    #consumer;
    #lanes;
    #assigned = new Set();
    #applied = new Map();
    #hardStop = new AbortController();
    #reportFailure = () => undefined;
    #state = 'new';
    constructor(options) {
        this.#options = options;
        this.failed = new Promise((resolve) => {
            this.#reportFailure = resolve;
        });
        this.#lanes = Array.from({ length: options.lanes }, (_, index) => this.#createLane(index));
        this.#consumer = options.log.consumer(TOPICS.commands, {
            onAssigned: (committed) => this.#take(committed),
            onRevoked: (partitions) => this.#giveUp(partitions),
            onRecords: (records) => this.#distribute(records),
            onFailed: (error) => this.#fail(error),
        });
    }
    async start() {
        await this.#consumer.start();
        this.#state = 'running';
    }
    /** Soft stop: finishes the batches in flight, commits them and leaves the group. */
    async stop() {
        if (this.#state === 'running')
            this.#state = 'stopped';
        await this.#consumer.stop();
    }
    /** Hard stop: ends all retrying; what is in flight is redelivered to whoever comes next. */
    abort() {
        this.#hardStop.abort();
    }
    /** Undefined when well, else what is wrong, for readyz. */
    fault() {
        return this.#state === 'running' ? undefined : `the pipeline is ${this.#state}`;
    }
    /** Records of the assigned partitions that wait in the log, as last seen. */
    lag() {
        return this.#consumer.lag();
    }
    #createLane(index) {
        const { batchMaxRecords, batchMaxBytes, batchMaxWaitMs, oneWriter, clock } = this.#options;
        const others = () => this.#lanes.filter((_, other) => other !== index);
        return new Lane({
            maxRecords: batchMaxRecords,
            maxBytes: batchMaxBytes,
            maxWaitMs: batchMaxWaitMs,
            mustWait: () => oneWriter && others().some((lane) => lane.isRunning),
            run: async (batch, trigger) => {
                await this.#run(batch, trigger);
                if (oneWriter)
                    for (const lane of others())
                        lane.dispatch();
            },
            pause: () => this.#consumer.pause(this.#partitionsOf(index)),
            resume: () => this.#consumer.resume(this.#partitionsOf(index)),
            clock,
        });
    }
    async #run(batch, trigger) {
        const { pool, publish, metrics, logger, clock } = this.#options;
        try {
            await runBatch(batch, trigger, {
                topic: TOPICS.commands,
                pool,
                publish,
                commit: (nextOffsets) => this.#consumer.commit(nextOffsets),
                applied: this.#applied,
                signal: this.#hardStop.signal,
                metrics,
                logger,
                clock,
            });
        }
        catch (error) {
            this.#fail(toError(error));
            throw error;
        }
    }
    async #take(committed) {
        const { reader, logger } = this.#options;
        const positions = await startPositions(TOPICS.commands, committed, {
            reader,
            logger,
            signal: this.#hardStop.signal,
        });
        for (const [partition, position] of positions) {
            this.#assigned.add(partition);
            if (position !== 'earliest')
                this.#applied.set(partition, position);
        }
        return positions;
    }
    async #giveUp(partitions) {
        for (const partition of partitions)
            this.#assigned.delete(partition);
        await Promise.all(this.#lanes.map((lane) => lane.release(partitions)));
        for (const partition of partitions)
            this.#applied.delete(partition);
    }
    #distribute(records) {
        for (const record of records) {
            if (this.#assigned.has(record.partition))
                this.#laneOf(record.partition)?.push(record);
        }
        for (const lane of this.#lanes)
            lane.dispatch();
    }
    #fail(error) {
        if (this.#state === 'stopped')
            return;
        this.#state = 'failed';
        this.#hardStop.abort();
        this.#reportFailure(error);
    }
    #laneOf(partition) {
        return this.#lanes[partition % this.#lanes.length];
    }
    #partitionsOf(lane) {
        return [...this.#assigned].filter((partition) => partition % this.#lanes.length === lane);
    }
}
//# sourceMappingURL=pipeline.js.map