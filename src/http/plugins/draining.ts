import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from '../schemas/http-scope.ts';

/** Once the service is shutting down new requests are sent elsewhere; what is under way is finished. */
export function refuseWhenDraining(scope: HttpScope, isDraining: () => boolean): void {
  scope.addHook('onRequest', (_request, reply, done) => {
    if (!isDraining()) {
      done();
      return;
    }
    reply.header('connection', 'close');
    done(new ServiceError('draining', 'This instance is going away. Try again.'));
  });
  // A request that came before is answered in full, and its connection then ends with the answer: one that stayed open
  // would keep the server from closing.
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
}
