const PROBE_PAUSE_MS = 500;
/**
 * Whether any broker can be reached. librdkafka says when the last connection is lost, but not when one is back, so
 * while all are down a probe asks.
 */
export class Reachability {
    #probe;
    #logger;
    #downSince;
    #timer;
    #stopped = false;
    /** @param probe resolves when a broker answers, and rejects after a time of its own when none does */
    constructor(probe, logger) {
        this.#probe = probe;
        this.#logger = logger;
    }
    get downSince() {
        return this.#downSince;
    }
    allBrokersDown() {
        if (this.#stopped || this.#downSince !== undefined)
            return;
        this.#downSince = new Date();
        this.#logger.warn('All Kafka brokers are down; nothing is taken until one is back.');
        this.#ask();
    }
    stop() {
        this.#stopped = true;
        clearTimeout(this.#timer);
    }
    #ask() {
        this.#probe().then(() => this.#isBack(), () => this.#askLater());
    }
    #isBack() {
        if (this.#stopped)
            return;
        this.#downSince = undefined;
        this.#logger.info('Kafka is back.');
    }
    #askLater() {
        if (this.#stopped)
            return;
        this.#timer = setTimeout(() => this.#ask(), PROBE_PAUSE_MS);
    }
}
//# sourceMappingURL=reachability.js.map