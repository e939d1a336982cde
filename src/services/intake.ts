import type { Clock } from '../base/clock.ts';
import type { EventLog } from '../log/event-log.ts';
import type { EventCodec } from '../order/events.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';
import { RecentOrders } from './recent-orders.ts';
import { OrderAwaiting } from './await-order.ts';
import { OrderPlacing } from './place-order.ts';
import { OrderReading } from './read-order.ts';
import { TransitionRequesting } from './request-transition.ts';

/** What the service does for its callers, whatever protocol they speak. */
export interface Intake {
  placing: OrderPlacing;
  reading: OrderReading;
  transitions: TransitionRequesting;
  awaiting: OrderAwaiting;
  reader: OrderReader;
  recentOrders: RecentOrders;
}

/** Orders kept in mind for readers without a position, and for repeated keys; a power of two. */
const MAX_ACKNOWLEDGED_ORDERS = 65_536;

/** Longer than a first status takes when all is well. */
const FIRST_STATUS_WAIT_MS = 1_000;

export function createIntake(dependencies: {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  codec: EventCodec;
  clock: Clock;
  /** as `PlaceOrderDependencies` has it */
  firstStatusWaitMs?: number;
}): Intake {
  const { log, reader, hub, codec, clock, firstStatusWaitMs = FIRST_STATUS_WAIT_MS } = dependencies;
  const recentOrders = new RecentOrders(MAX_ACKNOWLEDGED_ORDERS);
  const reading = new OrderReading({ reader, log, recentOrders });
  return {
    placing: new OrderPlacing({ log, reader, hub, codec, recentOrders, clock, firstStatusWaitMs }),
    reading,
    transitions: new TransitionRequesting({ log, reading, reader, codec, clock }),
    awaiting: new OrderAwaiting({ hub, reader }),
    reader,
    recentOrders,
  };
}
