import { draining } from '../../services/server-rules.ts';
import type { HttpScope } from './http-scope.ts';
import { OPERATIONAL_PATHS } from './operational-paths.ts';

/** During shutdown, refuses new requests and finishes those in flight. */
export function refuseWhenDraining(scope: HttpScope, isDraining: () => boolean): void {
  scope.addHook('onRequest', (request, reply, done) => {
    if (!isDraining() || OPERATIONAL_PATHS.has(request.routeOptions.url)) {
      done();
      return;
    }
    reply.header('connection', 'close');
    done(draining());
  });
  // After a request in flight, close its connection: an idle keep-alive connection would delay the shutdown.
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    if (isDraining()) reply.header('connection', 'close');
    done();
  });
}
