import type { Callers } from '../base/caller.ts';
import type { Metrics } from '../base/metrics.ts';
import { formatPosition, type Position } from '../base/position.ts';
import { parseOrderId } from '../order/ids.ts';
import type { OrderService } from '../services/order-service.ts';
import type { ResponseBudget } from '../services/response-budget.ts';
import { unary, type CallGate } from './call-gate.ts';
import { statusName, toTimestamp } from './conversions.ts';
import type { OrderServiceHandlers } from './generated/orders/v1/OrderService.ts';
import { orderMessage } from './messages.ts';
import { createOrderRequests, idempotencyKeyOf, positionOf } from './order-requests.ts';

export interface OrderHandlerDependencies extends CallGate {
  orderService: Pick<OrderService, 'place' | 'get' | 'list' | 'transition'>;
  callers: Callers;
  responseBudget: Pick<ResponseBudget, 'refusal'>;
  metrics: Pick<Metrics, 'ordersAcknowledged' | 'requestsRefused'>;
}

/** `orders.v1.OrderService`. */
export function createOrderHandlers(dependencies: OrderHandlerDependencies): OrderServiceHandlers {
  const { orderService, callers, responseBudget: budget, metrics } = dependencies;
  const requests = createOrderRequests();
  return {
    CreateOrder: unary(dependencies, async (request, _call, principal, { traceparent, span }) => {
      const order = requests.newOrder(request);
      const idempotencyKey = idempotencyKeyOf(request.idempotencyKey);
      const { receipt, replayed } = await orderService.place(order, {
        caller: principal.name,
        access: principal.access,
        idempotencyKey,
        traceparent,
        span,
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
    GetOrder: unary(dependencies, async ({ orderId, logPosition }, _call, { access }) => {
      const order = await orderService.get(parseOrderId(orderId), access, {
        position: positionOf(logPosition),
      });
      return { order: orderMessage(order) };
    }),
    ListOrders: unary(dependencies, async (request, call, { access }) => {
      const pageReader = { caller: callers.ofCall(call), hasLeft: () => call.cancelled, budget };
      const { data, nextCursor } = await orderService.list(requests.listQuery(request), access, pageReader);
      return { orders: data.map(orderMessage), nextPageToken: nextCursor ?? '' };
    }),
    TransitionOrder: unary(dependencies, async (request, _call, { access }, { traceparent, span }) => {
      const transition = requests.newTransition(request);
      const receipt = await orderService.transition(parseOrderId(request.orderId), transition, access, {
        position: positionOf(request.logPosition),
        traceparent,
        span,
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
