import { Metadata, type ServerWritableStream, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { Type } from 'typebox';
import { ServiceError } from '../base/errors.ts';
import { parseOrderId } from '../order/ids.ts';
import { ORDER_STATUSES } from '../order/lifecycle.ts';
import { PARTY_FILTERS } from '../services/list-query.ts';
import { draining } from '../services/server-rules.ts';
import { createValidator } from '../services/validator.ts';
import { WatchPump, type EventEncoder } from '../services/watch-pump.ts';
import type { Watch, WatchEnd, WatchService } from '../services/watch-service.ts';
import { failedStatus, type CallGate } from './call-gate.ts';
import type { WatchOrderRequest__Output } from './generated/orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest__Output } from './generated/orders/v1/WatchOrdersRequest.ts';
import { checked, given, positionOf, present } from './order-requests.ts';
import { statusOf } from './order-status.ts';

/** Its messages are bytes: an event is encoded once for all its watchers. */
type WatchCall<Request = unknown> = ServerWritableStream<Request, Buffer>;

export interface WatchHandlerDependencies extends CallGate {
  watchService: Pick<WatchService, 'watchOrder' | 'watchOrders'>;
  encoder: EventEncoder<Buffer>;
  heartbeatMs: number | undefined;
}

/** `orders.v1.OrderWatch`. */
export function createWatchHandlers(dependencies: WatchHandlerDependencies): UntypedServiceImplementation {
  const { watchService } = dependencies;
  const parties = createValidator(Type.Object(PARTY_FILTERS));
  return {
    WatchOrder(call: WatchCall<WatchOrderRequest__Output>) {
      const begin = () => {
        const { orderId, resumeToken, logPosition } = call.request;
        const [token, position] = [given(resumeToken.toString('latin1')), positionOf(logPosition)];
        return watchService.watchOrder(parseOrderId(orderId), { token, position });
      };
      serve(call, begin, 'events', dependencies);
    },
    WatchOrders(call: WatchCall<WatchOrdersRequest__Output>) {
      const begin = () => {
        const { customerId, merchantId, statuses, resumeToken } = call.request;
        const filter = {
          ...checked(parties, present({ customerId: given(customerId), merchantId: given(merchantId) })),
          statuses: statuses.map((name, index) => statusOf(name, `/statuses/${index}`, ORDER_STATUSES)),
        };
        return watchService.watchOrders(filter, { token: given(resumeToken.toString('latin1')) });
      };
      serve(call, begin, 'heartbeat', dependencies);
    },
  };
}

/** @param first `heartbeat`: with a token, for a reader that is cut off before the first event */
function serve(
  call: WatchCall,
  begin: () => Watch | Promise<Watch>,
  first: 'heartbeat' | 'events',
  { isDraining, logger, encoder, heartbeatMs }: WatchHandlerDependencies,
): void {
  const fail = (thrown: unknown) => call.emit('error', failedStatus(thrown, call, logger));
  const run = async () => {
    if (isDraining()) throw draining();
    const watch = await begin();
    const onEnd = (end: WatchEnd) => {
      if (end === 'final') call.end();
      else fail(tooSlow());
    };
    const pump = new WatchPump(watch, call, { encoder, heartbeatMs, onEnd });
    // Every end of a call comes as `cancelled`. A caller who left while the watch began has had it already.
    call.once('cancelled', () => pump.stop());
    if (call.cancelled) {
      pump.stop();
      return;
    }
    // The headers are sent at once: they tell a caller that it watches.
    call.sendMetadata(new Metadata());
    pump.start(first === 'heartbeat' ? encoder.heartbeat(watch.token()) : undefined);
  };
  run().catch(fail);
}

function tooSlow(): ServiceError {
  return new ServiceError(
    'watch-too-slow',
    'More orders changed than are kept for a slow reader. Watch again with the last resume token, and read faster.',
  );
}
