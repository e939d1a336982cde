import { anOrder, OrderClient } from "./order-client.js";
/**
 * Places orders one after the other on each of its lines, and keeps a ledger of what was acknowledged. It goes on
 * through refusals and broken connections, as clients do; what was not acknowledged is not in the ledger.
 */
export class OrderLoad {
    acknowledged = [];
    /** status → how often; `broken` counts requests without an answer */
    answers = new Map();
    /** the longest that a request took to be answered, ms */
    slowestMs = 0;
    customerId;
    #lines;
    #client;
    #isStopped = false;
    constructor(url, options) {
        this.#client = new OrderClient(url);
        this.customerId = options.customerId;
        this.#lines = Array.from({ length: options.lines }, () => this.#placeOrders());
    }
    /** Sends what comes next to another address. */
    redirect(url) {
        this.#client = new OrderClient(url);
    }
    count(status) {
        return this.answers.get(status) ?? 0;
    }
    /** Ends the load; resolves when the last answer is there. */
    async stop() {
        this.#isStopped = true;
        await Promise.all(this.#lines);
    }
    async #placeOrders() {
        while (!this.#isStopped) {
            const startedAt = performance.now();
            const outcome = await this.#placeOne();
            this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
            this.answers.set(outcome, this.count(outcome) + 1);
            if (outcome !== 202)
                await new Promise((resolve) => setTimeout(resolve, 20));
        }
    }
    async #placeOne() {
        try {
            const { status, headers, body } = await this.#client.place(anOrder({ customerId: this.customerId }));
            if (status === 202)
                this.acknowledged.push({ id: body.id, location: headers.get('location') ?? '' });
            return status;
        }
        catch {
            // No answer: the order may be in the log or not, and nobody was promised anything.
            return 'broken';
        }
    }
}
//# sourceMappingURL=order-load.js.map