import { panel } from '../build.js';
import { count, money } from '../format.js';
import { partyLink } from '../parts/labels.js';
import { facts, table } from '../parts/table.js';

const ITEMS = [{ label: 'Item' }, { label: 'Quantity', numeric: true }, { label: 'Price', numeric: true }];

/**
 * What was ordered, by whom, and when.
 * @param {import('../api-types.d.ts').Order} order
 * @param {import('./view.js').Context} context
 */
export function orderDetails(order, { times }) {
  const { customerId, merchantId, total, currency = '', items = [], metadata = {} } = order;
  if (customerId === undefined)
    return panel('order-details', 'Details', 'Known when it is processed: the log has them until then.');
  const rows = items.map(({ sku, name, quantity, unitPrice }, index) => ({
    key: index,
    cells: [name === undefined ? sku : `${name} (${sku})`, count(quantity), money(unitPrice, currency)],
  }));
  return panel(
    'order-details',
    'Details',
    facts([
      ['Customer', partyLink('customerId', customerId)],
      ['Merchant', partyLink('merchantId', merchantId)],
      ['Total', money(total ?? 0, currency)],
      ['Placed', times.both(order.createdAt)],
      ['Last change', times.both(order.updatedAt)],
      ['Version', String(order.version)],
      ...Object.entries(metadata).map(
        ([name, value]) => /** @type {[string, string]} */ ([`metadata ${name}`, value]),
      ),
    ]),
    table('Items', ITEMS, rows),
  );
}
