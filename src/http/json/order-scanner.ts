import { NewOrder, OrderItem } from '../../order/order.ts';
import { createValueScanner, type ScanLimits } from './scan-value.ts';

/**
 * The largest order has 3 levels, 346 objects, lists and texts, and 20 names of its own. There is room for some mistakes: these get
 * an error that names the field.
 */
const ORDER_LIMITS: ScanLimits = { depth: 8, values: 360, otherNames: 24 };

/** Scans orders; every other body has less than an order, whatever its fields are called. */
export function createOrderScanner() {
  const names = [...Object.keys(NewOrder.properties), ...Object.keys(OrderItem.properties)];
  return createValueScanner(names, ORDER_LIMITS);
}
