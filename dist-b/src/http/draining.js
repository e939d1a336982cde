import { ServiceError } from "../base/errors.js";
/** Seconds until a load balancer has taken notice, as a hint to whoever comes meanwhile. */
const RETRY_AFTER = 1;
/** Once the service is shutting down new requests are sent elsewhere; what is under way is finished. */
export function refuseWhenDraining(scope, isDraining) {
    scope.addHook('onRequest', (_request, reply, done) => {
        if (!isDraining()) {
            done();
            return;
        }
        reply.header('connection', 'close');
        done(new ServiceError('draining', 'This instance is going away. Try again.', { retryAfter: RETRY_AFTER }));
    });
}
//# sourceMappingURL=draining.js.map