import { h } from '../build.js';
import { count } from '../format.js';
import { failureLine } from '../parts/failure.js';
import { filterForm } from '../parts/filter-form.js';
import { orderLink } from '../parts/labels.js';
import { pageQuery, pager } from '../parts/pager.js';
import { table } from '../parts/table.js';
import { HIDDEN_BY_GATEWAY } from './view.js';

/** @typedef {import('../api-types.d.ts').RetryingOrder} RetryingOrder */

const COLUMNS = [
  { label: 'Order' },
  { label: 'Next attempt' },
  { label: 'Attempts', numeric: true },
  { label: 'Last error' },
  { label: 'First failed' },
  { label: 'Events behind it', numeric: true },
];

/** Orders that failed for now. @param {import('./view.js').Context} context @returns {import('./view.js').View} */
export function retryingView({ route, api, times, go }) {
  const filters = {
    customerId: route.query.get('customerId') ?? '',
    merchantId: route.query.get('merchantId') ?? '',
  };
  const fields = [
    { name: 'customerId', label: 'Customer' },
    { name: 'merchantId', label: 'Merchant' },
  ];
  return {
    title: 'Retrying orders',
    lead: 'Orders that failed for now and are tried again by themselves; later events of an order wait behind it. Soonest first.',
    scopes: ['dead-letters:read'],
    notFound: HIDDEN_BY_GATEWAY,
    controls: [filterForm(route, fields, go)],
    intervalMs: () => 3000,
    async read(signal) {
      /** @type {import('../api-types.d.ts').Page<RetryingOrder>} */
      const { data, nextCursor } = await api.get(`/v1/retrying-orders?${pageQuery(route, filters)}`, signal);
      const rows = data.map((row) => ({
        key: row.orderId,
        cells: [
          orderLink(row.orderId),
          h('b', {}, times.until(row.nextAttemptAt)),
          count(row.attempts),
          failureLine(row.error),
          times.since(row.firstFailedAt),
          count(row.queuedEvents),
        ],
      }));
      return [
        table('Retrying orders', COLUMNS, rows, 'No order is being retried.'),
        pager(route, nextCursor, 'Later'),
      ];
    },
  };
}
