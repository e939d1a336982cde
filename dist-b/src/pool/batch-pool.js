import { Piscina } from 'piscina';
import { ServiceError, toError } from "../base/errors.js";
/**
 * The bounded pool of worker threads (Piscina). A lane has one batch in flight, so that with a thread a lane nothing
 * ever queues; should it, the queue holds one batch a thread and a further one is refused.
 */
export class BatchPool {
    #threads;
    #settings;
    #piscina;
    constructor(options) {
        this.#threads = options.threads;
        this.#settings = options.settings;
    }
    /**
     * Starts the threads; they open the store and load the processor.
     * @throws ServiceError `processor-invalid` or `store-unavailable` when they cannot
     */
    async start() {
        this.#piscina = new Piscina({
            filename: new URL('./thread.js', import.meta.url).href,
            workerData: this.#settings,
            minThreads: this.#threads,
            maxThreads: this.#threads,
            maxQueue: this.#threads,
            concurrentTasksPerWorker: 1,
            // A thread that blocks between its batches would stall the sockets and timers of a processor module.
            atomics: 'disabled',
            recordTiming: false,
            // A batch lives as long as it is worked on. Were the young generation smaller than some batches, each collection
            // would copy them: 8 of 46 µs of CPU an order.
            resourceLimits: { maxYoungGenerationSizeMb: 64 },
        });
        await this.#ask({ kind: 'prepare' }, []);
    }
    /**
     * Processes and saves one batch; `request.frame` is handed over and gone afterwards.
     * @throws ServiceError what the thread threw, or `worker-failed` when the thread ended: nothing is known then
     */
    async run(request) {
        const result = await this.#ask(request, [request.frame]);
        if (result === undefined)
            throw new ServiceError('worker-failed', 'The thread answered without a result.');
        return result;
    }
    /** Waits for the batches in hand, then ends the threads. */
    async stop() {
        await this.#piscina?.close();
        this.#piscina = undefined;
    }
    async #ask(request, transferList) {
        if (this.#piscina === undefined)
            throw new ServiceError('worker-failed', 'The worker threads do not run.');
        const response = await this.#piscina.run(request, { transferList }).catch((error) => {
            throw new ServiceError('worker-failed', toError(error).message, { cause: error });
        });
        if (response.done)
            return response.result;
        const error = new ServiceError(response.code, response.message);
        if (response.stack !== undefined)
            error.stack = response.stack;
        throw error;
    }
}
//# sourceMappingURL=batch-pool.js.map