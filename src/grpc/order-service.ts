import type { Metadata } from '@grpc/grpc-js';
import type { Metrics } from '../base/metrics.ts';
import { formatPosition, type Position } from '../base/position.ts';
import { traceparentOf } from '../base/trace-context.ts';
import { callerOfCredentials } from '../services/idempotency.ts';
import type { Intake } from '../services/intake.ts';
import { parseOrderId } from '../order/ids.ts';
import type { OrderServiceHandlers } from './generated/orders/v1/OrderService.ts';
import { orderMessage } from './order-message.ts';
import { createOrderRequests, idempotencyKeyOf, positionOf } from './order-requests.ts';
import { statusName } from './order-status.ts';
import { toTimestamp } from './timestamp.ts';
import { unary, type CallGate } from './unary.ts';

export interface OrderServiceDependencies extends CallGate {
  intake: Pick<Intake, 'placing' | 'reading' | 'transitions' | 'reader'>;
  metrics: Pick<Metrics, 'ordersAcknowledged'>;
}

/** `orders.v1.OrderService`: what HTTP's /v1/orders does, by the same code. */
export function createOrderService(dependencies: OrderServiceDependencies): OrderServiceHandlers {
  const { intake, metrics } = dependencies;
  const requests = createOrderRequests();
  return {
    CreateOrder: unary(dependencies, async (request, metadata) => {
      const order = requests.newOrder(request);
      const idempotencyKey = idempotencyKeyOf(request.idempotencyKey);
      const { receipt, replayed } = await intake.placing.place(order, {
        caller: callerOfCredentials(textOf(metadata, 'authorization')),
        idempotencyKey,
        traceparent: traceparentOf(textOf(metadata, 'traceparent')),
      });
      if (!replayed) metrics.ordersAcknowledged.inc();
      const { id, total, currency, createdAt, position } = receipt;
      return {
        id,
        status: statusName('accepted'),
        total,
        currency,
        createdAt: toTimestamp(createdAt),
        replayed,
        logPosition: positionText(position),
      };
    }),
    GetOrder: unary(dependencies, async ({ orderId, logPosition }) => {
      const order = await intake.reading.read(parseOrderId(orderId), positionOf(logPosition));
      return { order: orderMessage(order) };
    }),
    ListOrders: unary(dependencies, async (request) => {
      const { data, nextCursor } = await intake.reader.list(requests.listQuery(request));
      return { orders: data.map(orderMessage), nextPageToken: nextCursor ?? '' };
    }),
    TransitionOrder: unary(dependencies, async (request, metadata) => {
      const wish = requests.newTransition(request);
      const receipt = await intake.transitions.request(parseOrderId(request.orderId), wish, {
        position: positionOf(request.logPosition),
        traceparent: traceparentOf(textOf(metadata, 'traceparent')),
      });
      const { id, status, version, requested, position } = receipt;
      return {
        id,
        status: statusName(status),
        version,
        requested: statusName(requested),
        logPosition: positionText(position),
      };
    }),
  };
}

function positionText(position: Position | undefined): string {
  return position === undefined ? '' : formatPosition(position);
}

function textOf(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}
