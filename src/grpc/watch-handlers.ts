import { Metadata, type ServerWritableStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Type } from 'typebox';
import type { Metrics } from '../base/metrics.ts';
import type { Callers } from '../base/caller.ts';
import { parseOrderId } from '../order/ids.ts';
import { ORDER_STATUSES } from '../order/lifecycle.ts';
import type { EventEncoder } from '../services/event-encoder.ts';
import { CUSTOMER_AND_MERCHANT_FILTERS } from '../services/list-query.ts';
import { createValidator } from '../services/validation.ts';
import { pumpWatch, type SharedDelivery } from '../services/watch-pump.ts';
import type { WatchService } from '../services/watch-service.ts';
import { startedOver, tooSlow, type Watch } from '../services/watch.ts';
import type { CallGate } from './call-gate.ts';
import { statusOf } from './conversions.ts';
import { failedStatus } from './failed-status.ts';
import type { WatchOrderRequest__Output } from './generated/orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest__Output } from './generated/orders/v1/WatchOrdersRequest.ts';
import { checked, nonEmpty, positionOf, withoutUndefined } from './order-requests.ts';
import { callStatus } from './rich-error.ts';

/** Its messages are buffers: an event is encoded once for all its watchers. */
type WatchCall<Request = unknown> = ServerWritableStream<Request, Buffer>;

export interface WatchHandlerDependencies extends CallGate {
  metrics: Pick<Metrics, 'requestsRefused' | 'watchers'>;
  watchService: Pick<WatchService, 'watchOrder' | 'watchOrders'>;
  encoder: EventEncoder<Buffer>;
  shared: SharedDelivery;
  callers: Callers;
  heartbeatMs: number | undefined;
}

/** `orders.v1.OrderWatch`. */
export function createWatchHandlers(dependencies: WatchHandlerDependencies): UntypedServiceImplementation {
  const { watchService, principals } = dependencies;
  const parties = createValidator(Type.Object(CUSTOMER_AND_MERCHANT_FILTERS));
  return {
    WatchOrder(call: WatchCall<WatchOrderRequest__Output>) {
      const begin = (caller: string) => {
        const { orderId, resumeToken, logPosition } = call.request;
        const [token, position] = [nonEmpty(resumeToken.toString('latin1')), positionOf(logPosition)];
        const { access } = principals.of(call.metadata);
        return watchService.watchOrder(parseOrderId(orderId), access, { token, position, caller });
      };
      serve(call, begin, 'events', dependencies);
    },
    WatchOrders(call: WatchCall<WatchOrdersRequest__Output>) {
      const begin = (caller: string) => {
        const { customerId, merchantId, statuses, resumeToken } = call.request;
        const filter = {
          ...checked(
            parties,
            withoutUndefined({ customerId: nonEmpty(customerId), merchantId: nonEmpty(merchantId) }),
          ),
          statuses: statuses.map((name, index) => statusOf(name, `/statuses/${index}`, ORDER_STATUSES)),
        };
        const token = nonEmpty(resumeToken.toString('latin1'));
        return watchService.watchOrders(filter, principals.of(call.metadata).access, { token, caller });
      };
      serve(call, begin, 'heartbeat', dependencies);
    },
  };
}

/** @param first `heartbeat`: sends a token at once, for a reader that disconnects before the first event */
function serve(
  call: WatchCall,
  begin: (caller: string) => Promise<Watch>,
  first: 'heartbeat' | 'events',
  { logger, metrics, principals, calls, encoder, shared, callers, heartbeatMs }: WatchHandlerDependencies,
): void {
  const { metadata } = call;
  const gate = { logger, metrics };
  const statusOf = (thrown: unknown) => failedStatus(thrown, call, gate, principals.find(metadata));
  const fail = (thrown: unknown) => call.emit('error', statusOf(thrown));
  const run = async () => {
    const caller = callers.ofCall(call);
    const watch = await begin(caller);
    // The caller disconnected while the watch began: no `cancelled` event will follow.
    if (call.cancelled) {
      watch.close();
      return;
    }
    // Send the headers at once: they tell the caller that the watch has begun.
    call.sendMetadata(new Metadata());
    metrics.watchers.inc({ protocol: 'grpc' });
    const stop = pumpWatch(watch, call, {
      encoder,
      shared,
      caller,
      first: first === 'heartbeat' ? encoder.heartbeat(watch.token()) : undefined,
      heartbeatMs,
      onEnd: (end) => {
        if (end === 'final') call.end();
        else if (end === 'started-over') fail(startedOver());
        else calls.end(metadata, statusOf(tooSlow()));
      },
    });
    const stopWatchingCredentials = principals.onCredentialsEnd(metadata, (error) => {
      stop();
      calls.end(metadata, callStatus(error));
    });
    // grpc-js emits `cancelled` however a call ends.
    call.once('cancelled', () => {
      metrics.watchers.dec({ protocol: 'grpc' });
      stopWatchingCredentials?.();
      stop();
    });
  };
  run().catch(fail);
}
