import { may } from '../allowed.js';
import { h } from '../build.js';
import { count } from '../format.js';
import { filterForm } from '../parts/filter-form.js';
import { deadLetterLink, orderLink, REASON_NAMES, reasonText, stateBadge, STATES } from '../parts/labels.js';
import { pageQuery, pager } from '../parts/pager.js';
import { table } from '../parts/table.js';
import { hrefOf } from '../routes.js';
import { Selected } from './selected.js';
import { HIDDEN_BY_GATEWAY } from './view.js';

/** @typedef {import('../api-types.d.ts').DeadLetterPage} DeadLetterPage */
/** @typedef {import('../api-types.d.ts').DeadLetterEntry} DeadLetterEntry */
/** @typedef {import('./view.js').Context} Context */

const COLUMNS = [
  { label: 'Id' },
  { label: 'State' },
  { label: 'Order' },
  { label: 'Error' },
  { label: 'Attempts', numeric: true },
  { label: 'Failed' },
];

const FILTERS = ['reason', 'state', 'orderId', 'failedAfter', 'failedBefore'];

const FIELDS = [
  {
    name: 'reason',
    label: 'Reason',
    choices: withAny(
      'any',
      REASON_NAMES.map((name) => [name, reasonText(name)]),
    ),
  },
  {
    name: 'state',
    label: 'State',
    choices: withAny(
      'unresolved',
      [...Object.keys(STATES), 'all'].map((name) => [name, name]),
    ),
  },
  { name: 'orderId', label: 'Order id' },
  { name: 'failedAfter', label: 'Failed after', isTime: true },
  { name: 'failedBefore', label: 'Failed before', isTime: true },
];

/** Records that failed for good. @param {Context} context @returns {import('./view.js').View} */
export function deadLettersView(context) {
  const { route, api, principal, go, act } = context;
  const filters = Object.fromEntries(FILTERS.map((name) => [name, route.query.get(name) ?? '']));
  const mayAct = may(principal, 'dead-letters:write');
  const selected = new Selected({ filter: bulkFilter(filters), act });
  return {
    title: 'Dead letters',
    lead: 'Records that failed for good, newest failure first. Fix the cause, then replay them.',
    scopes: ['dead-letters:read'],
    notFound: HIDDEN_BY_GATEWAY,
    controls: [filterForm(route, FIELDS, go), mayAct ? selected.bar : readOnlyNote()],
    // A list that moves is hard to select from.
    intervalMs: () => (selected.isEmpty ? 5000 : 30_000),
    async read(signal) {
      /** @type {DeadLetterPage} */
      const { data, reasons, nextCursor } = await api.get(
        `/v1/dead-letters?${pageQuery(route, filters)}`,
        signal,
      );
      selected.show(data, reasons);
      const columns = mayAct ? [{ label: 'Select' }, ...COLUMNS] : COLUMNS;
      const rows = data.map((entry) => ({
        key: entry.id,
        cells: [...(mayAct ? [selected.checkbox(entry.id)] : []), ...cellsOf(entry, context)],
      }));
      return [
        reasonList(reasons, context),
        table('Dead letters', columns, rows, emptyText(filters)),
        pager(route, nextCursor),
      ];
    },
  };
}

/**
 * @param {DeadLetterEntry} entry
 * @param {Context} context
 */
function cellsOf({ id, state, orderId, reason, error, attempts, failedAt }, { times }) {
  const why = h(
    'div',
    { class: 'why' },
    h('span', { class: 'message', title: error }, error),
    h('span', { class: 'note' }, reasonText(reason)),
  );
  return [
    deadLetterLink(id),
    stateBadge(state),
    orderLink(orderId),
    why,
    count(attempts),
    times.since(failedAt),
  ];
}

/**
 * How many match, by reason; each leads to those.
 * @param {Record<string, number>} reasons
 * @param {Context} context
 */
function reasonList(reasons, { route }) {
  const chosen = route.query.get('reason');
  const links = Object.entries(reasons)
    .sort(([, one], [, other]) => other - one)
    .map(([reason, number]) => {
      const query = new URLSearchParams(route.query);
      query.set('reason', chosen === reason ? '' : reason);
      query.delete('cursor');
      const current = chosen === reason ? 'true' : undefined;
      const link = h(
        'a',
        { href: hrefOf('dead-letters', { query }), 'aria-current': current },
        h('b', {}, count(number)),
        ` ${reasonText(reason)}`,
      );
      return h('li', { 'data-key': reason }, link);
    });
  return h(
    'ul',
    { class: 'chips', id: 'reason-counts', 'aria-label': 'By reason', 'data-key': 'reasons' },
    ...links,
  );
}

/** @param {Record<string, string>} filters */
function emptyText(filters) {
  const isFiltered = Object.values(filters).some((value) => value !== '');
  return isFiltered ? 'No dead letter matches.' : 'There are no unresolved dead letters.';
}

function readOnlyNote() {
  return h(
    'p',
    { class: 'note', id: 'read-only' },
    'To replay or discard, sign in with a token or key that has the scope dead-letters:write.',
  );
}

/** A replay or discard takes one state, or the open ones. @param {Record<string, string>} filters */
function bulkFilter(filters) {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== '' && value !== 'all'));
}

/**
 * @param {string} any
 * @param {readonly (readonly string[])[]} choices
 * @returns {(readonly [string, string])[]}
 */
function withAny(any, choices) {
  return [['', any], ...choices.map(([value = '', text = '']) => /** @type {const} */ ([value, text]))];
}
