import { h } from '../build.js';
import { money } from '../format.js';
import { orderLink, partyLink, statusBadge } from '../parts/labels.js';
import { pageQuery, pager } from '../parts/pager.js';
import { table } from '../parts/table.js';
import { hrefOf } from '../routes.js';
import { parseSearch } from '../search-query.js';

/** @typedef {import('../api-types.d.ts').Order} Order */

const COLUMNS = [
  { label: 'Order' },
  { label: 'Status' },
  { label: 'Customer' },
  { label: 'Merchant' },
  { label: 'Total', numeric: true },
  { label: 'Placed' },
  { label: 'Changed' },
];

const HELP = [
  ['customer:c-123', 'orders of a customer (also c:c-123)'],
  ['merchant:m-9', 'orders of a merchant (also m:m-9)'],
  ['customer:c-123 status:failed', 'several conditions at once'],
  ['status:failed after:2026-11-29', 'placed after a time; also before:'],
];

/** Orders by what the search box says. @param {import('./view.js').Context} context @returns {import('./view.js').View} */
export function searchView({ route, api, times, replace }) {
  const search = parseSearch(route.query.get('q') ?? '');
  return {
    title: 'Search',
    lead: 'Type an order id, a customer or a merchant into the box above. The key / leads to it.',
    scopes: ['orders:read'],
    async read(signal) {
      if (search.orderId !== undefined) {
        replace(hrefOf('order', { id: search.orderId }));
        return [];
      }
      if (search.filters === undefined) return [explanation(search), help()];
      /** @type {import('../api-types.d.ts').Page<Order>} */
      const { data, nextCursor } = await api.get(
        `/v1/orders?${pageQuery(route, { ...search.filters })}`,
        signal,
      );
      const empty =
        nextCursor === null ? 'No processed order matches.' : 'No match on this page; see the next.';
      return [
        explanation(search),
        table(
          'Orders',
          COLUMNS,
          data.map((order) => orderRow(order, times)),
          empty,
        ),
        pager(route, nextCursor),
        ...(data.length === 0 ? [help()] : []),
      ];
    },
  };
}

/**
 * @param {Order} order
 * @param {import('../parts/times.js').Times} times
 */
function orderRow(
  { id, status, customerId, merchantId, total = 0, currency = '', createdAt, updatedAt },
  times,
) {
  const cells = [
    orderLink(id),
    statusBadge(status),
    partyLink('customerId', customerId),
    partyLink('merchantId', merchantId),
    money(total, currency),
    times.at(createdAt),
    times.since(updatedAt),
  ];
  return { key: id, cells };
}

/** @param {import('../search-query.js').Search} search */
function explanation({ explanation, alternative }) {
  const other =
    alternative && h('a', { href: hrefOf('search', { query: { q: alternative } }) }, `Search ${alternative}`);
  const text = alternative ? `${explanation} Without a prefix it is taken for a customer. ` : explanation;
  return h(
    'p',
    { class: 'summary', 'data-key': 'explanation', hidden: text === '' },
    text,
    ...(other ? [other] : []),
  );
}

function help() {
  const examples = HELP.map(([query = '', meaning = '']) =>
    h(
      'li',
      {},
      h('a', { href: hrefOf('search', { query: { q: query } }) }, h('code', {}, query)),
      ` ${meaning}`,
    ),
  );
  return h(
    'div',
    { class: 'panel help', 'data-key': 'help' },
    h('h3', {}, 'What the box understands'),
    h('ul', {}, h('li', {}, 'a whole order id: opens the order'), ...examples),
    h(
      'p',
      { class: 'note' },
      'Lists have processed orders. One that is not processed yet is found by its id only.',
    ),
  );
}
