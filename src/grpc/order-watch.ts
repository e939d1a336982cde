import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { Type } from 'typebox';
import type { OrdersFilter, OrderWatching, Watch } from '../services/watch.ts';
import { createValidator } from '../services/validator.ts';
import { parseOrderId } from '../order/ids.ts';
import { ORDER_STATUSES } from '../order/lifecycle.ts';
import { Identifier } from '../order/order.ts';
import type { EventEncoder } from './event-message.ts';
import type { WatchOrderRequest__Output } from './generated/orders/v1/WatchOrderRequest.ts';
import type { WatchOrdersRequest__Output } from './generated/orders/v1/WatchOrdersRequest.ts';
import { checked, given, positionOf, present } from './order-requests.ts';
import { statusOf } from './order-status.ts';
import { draining, type CallGate } from './unary.ts';
import { WatchStream, type WatchCall } from './watch-stream.ts';

/** Proxies take a connection that says nothing for longer for a dead one. */
export const HEARTBEAT_MS = 15_000;

const Concerned = Type.Object({
  customerId: Type.Optional(Identifier('Only orders of this customer')),
  merchantId: Type.Optional(Identifier('Only orders of this merchant')),
});

export interface OrderWatchDependencies extends CallGate {
  watching: OrderWatching;
  encoder: EventEncoder;
  heartbeatMs: number;
}

/** `orders.v1.OrderWatch`, whose messages are handed over as bytes. */
export function createOrderWatch(dependencies: OrderWatchDependencies): UntypedServiceImplementation {
  const { watching } = dependencies;
  const concerned = createValidator(Concerned);
  const filterOf = ({ customerId, merchantId, statuses }: WatchOrdersRequest__Output): OrdersFilter => ({
    ...checked(concerned, present({ customerId: given(customerId), merchantId: given(merchantId) })),
    statuses: statuses.map((name, index) => statusOf(name, `/statuses/${index}`, ORDER_STATUSES)),
  });
  return {
    WatchOrder(call: WatchCall<WatchOrderRequest__Output>) {
      const { orderId, resumeToken, logPosition } = call.request;
      const begin = async () =>
        watching.order(parseOrderId(orderId), {
          token: given(resumeToken.toString('latin1')),
          position: positionOf(logPosition),
        });
      serve(call, begin, 'events', dependencies);
    },
    WatchOrders(call: WatchCall<WatchOrdersRequest__Output>) {
      const begin = async () =>
        watching.orders(filterOf(call.request), given(call.request.resumeToken.toString('latin1')));
      serve(call, begin, 'heartbeat', dependencies);
    },
  };
}

function serve(
  call: WatchCall,
  begin: () => Promise<Watch>,
  first: 'heartbeat' | 'events',
  { isDraining, faults, encoder, heartbeatMs }: OrderWatchDependencies,
): void {
  const fail = (thrown: unknown) => call.emit('error', faults.statusOf(thrown, call));
  if (isDraining()) {
    fail(draining());
    return;
  }
  begin().then((watch) => {
    const stream = new WatchStream(call, watch, { encoder, heartbeatMs, fail });
    // It comes at every end of a call. Whoever went away while the watch began has had it already.
    call.once('cancelled', () => stream.stop());
    if (call.cancelled) stream.stop();
    else stream.start(first);
  }, fail);
}
