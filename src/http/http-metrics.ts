import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../base/metrics.ts';
import type { HttpScope } from './http-scope.ts';

type Duration = Metrics['httpRequestDuration'];

interface Observer {
  observe(seconds: number): void;
}

/** Measures every request of the routes that are added from now on; a route keeps the children of its labels. */
export function measureRequests(scope: HttpScope, duration: Duration): void {
  scope.addHook('onRoute', (route) => {
    const observers = new Map<number, Observer>();
    const { url } = route;
    const onResponse = (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
      const status = reply.statusCode;
      let observer = observers.get(status);
      if (observer === undefined) {
        observer = duration.labels(request.method, url, String(status));
        observers.set(status, observer);
      }
      observer.observe(reply.elapsedTime / 1000);
      done();
    };
    route.onResponse = [route.onResponse ?? [], onResponse].flat();
  });
}

/** A request that met no route has no route to be counted by. */
export function measureUnmatched(request: FastifyRequest, reply: FastifyReply, duration: Duration): void {
  reply.raw.once('finish', () => {
    const labels = duration.labels(request.method, '', String(reply.statusCode));
    labels.observe(reply.elapsedTime / 1000);
  });
}
