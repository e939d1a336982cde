/** A blocked wait cannot be called off: a stop takes this long at most. */
const WAIT_MS = 100;
const CHUNK = 500;
/**
 * Reads what comes: waits for one record, which is handed on at once, then takes what has gathered behind it without
 * waiting, up to a chunk a time. (node-rdkafka's timeout counts for every record of a chunk anew, so a larger chunk
 * with a timeout would sit on records.) The waiting is done on a thread of libuv's pool; rebalances and errors are
 * served by it too, so it goes on as long as the consumer is open.
 */
export class ConsumeLoop {
    #client;
    #hooks;
    #turn = Promise.resolve();
    #stopped = false;
    #ended;
    constructor(client, hooks) {
        this.#client = client;
        this.#hooks = hooks;
    }
    start() {
        this.#ended = this.#run();
    }
    /** Hands nothing on from now; resolves when no call is under way. */
    async stop() {
        this.#stopped = true;
        await this.#ended;
    }
    /** Resolves when everything that was fetched by now is handed on. */
    async turn() {
        await this.#turn;
    }
    async #run() {
        let gathered = false;
        while (!this.#stopped) {
            this.#hooks.beforeRead();
            const wanted = gathered ? CHUNK : 1;
            const turn = this.#consume(wanted, gathered ? 0 : WAIT_MS);
            this.#turn = turn;
            const count = await turn;
            gathered = gathered ? count === CHUNK : count === 1;
        }
    }
    /** Answers how many records came. */
    async #consume(count, timeoutMs) {
        return new Promise((resolve) => {
            this.#client.setDefaultConsumeTimeout(timeoutMs);
            this.#client.consume(count, (error, messages) => {
                // Before the hooks, so that one that throws leaves nobody waiting.
                resolve(error ? 0 : messages.length);
                if (error)
                    this.#failed(error);
                else if (!this.#stopped && messages.length > 0)
                    this.#hooks.onMessages(messages);
            });
        });
    }
    #failed(error) {
        this.#hooks.logger.warn({ error: error.message }, 'Reading from Kafka failed.');
        if (!this.#hooks.onError(error))
            this.#stopped = true;
    }
}
//# sourceMappingURL=consume-loop.js.map