/**
 * How long requests took until their answer began: a stream that lasts for hours is not a slow answer. Measured in
 * onSend, because an onResponse hook makes Fastify add two listeners to every answer.
 */
export class RequestDurations {
    #histogram;
    #pending = [];
    constructor(histogram) {
        this.#histogram = histogram;
    }
    /** Measures the routes that are added to the scope from now on. */
    measureRoutes(scope) {
        scope.decorateRequest('startedAt', 0);
        scope.addHook('onRequest', (request, _reply, done) => {
            request.startedAt = performance.now();
            done();
        });
        scope.addHook('onRoute', (route) => {
            const byStatus = new Map();
            const { url, method } = route;
            const measure = (request, reply, _payload, done) => {
                const status = reply.raw.statusCode;
                let durations = byStatus.get(status);
                if (durations === undefined) {
                    durations = this.#durationsOf(String(method), url, status);
                    byStatus.set(status, durations);
                }
                durations.add((performance.now() - request.startedAt) / 1000);
                done();
            };
            route.onSend = [route.onSend ?? [], measure].flat();
        });
    }
    /** A request that met no route is not told apart by its path, of which there are as many as callers make up. */
    countUnmatched(request, status) {
        this.#histogram.observe({ http_request_method: request.method, http_route: '', http_response_status_code: status }, (performance.now() - request.startedAt) / 1000);
    }
    /** Hands what is pending to the histogram; before it is read. */
    flush() {
        for (const durations of this.#pending)
            durations.flush();
    }
    #durationsOf(method, route, status) {
        const durations = new PendingDurations(this.#histogram.labels(method, route, String(status)));
        this.#pending.push(durations);
        return durations;
    }
}
const MAX_PENDING = 256;
/** Durations of one set of labels, handed on together: the histogram hashes its labels anew for each one. */
class PendingDurations {
    #observer;
    #seconds = new Float64Array(MAX_PENDING);
    #count = 0;
    constructor(observer) {
        this.#observer = observer;
    }
    add(seconds) {
        this.#seconds[this.#count] = seconds;
        this.#count += 1;
        if (this.#count === MAX_PENDING)
            this.flush();
    }
    flush() {
        for (const seconds of this.#seconds.subarray(0, this.#count))
            this.#observer.observe(seconds);
        this.#count = 0;
    }
}
//# sourceMappingURL=http-metrics.js.map