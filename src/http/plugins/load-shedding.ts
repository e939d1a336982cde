import type { LoadMonitor } from '../../services/load-monitor.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { HttpScope } from './http-scope.ts';
import { OPERATIONAL_PATHS } from './operational-paths.ts';

/** Refuses requests before their body is read, while the event loop lags. */
export function shedLoad(
  scope: HttpScope,
  load: Pick<LoadMonitor, 'overload'>,
  { requestsRefused }: Pick<Metrics, 'requestsRefused'>,
): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    const overload = load.overload();
    if (overload === undefined || OPERATIONAL_PATHS.has(request.routeOptions.url)) {
      done();
      return;
    }
    requestsRefused.inc({ protocol: 'http', reason: 'overloaded' });
    done(overload);
  });
}
