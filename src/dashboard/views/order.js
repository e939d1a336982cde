import { may } from '../allowed.js';
import { RequestProblem } from '../api.js';
import { h, panel } from '../build.js';
import { failureDetails, failureLine, folded } from '../parts/failure.js';
import { isUnresolved, statusBadge } from '../parts/labels.js';
import { table } from '../parts/table.js';
import { createSteps, FINAL, showSteps } from '../status-steps.js';
import { orderDetails } from './order-details.js';
import { whereItIs } from './order-processing.js';

/** @typedef {import('../api-types.d.ts').Order} Order */
/** @typedef {import('../api-types.d.ts').HistoryEntry} HistoryEntry */
/** @typedef {import('../api-types.d.ts').Processing} Processing */
/** @typedef {import('./view.js').Context} Context */

const HISTORY = [
  { label: 'Version' },
  { label: 'Status' },
  { label: 'When' },
  { label: 'Attempts' },
  { label: 'Why' },
];

/** One order: its state, why, where it waits, and its history. @param {Context} context @returns {import('./view.js').View} */
export function orderView(context) {
  const { route, api, principal } = context;
  const position = route.query.get('position') ?? '';
  const path = `/v1/orders/${encodeURIComponent(route.id)}`;
  const query = position === '' ? '' : `?${new URLSearchParams({ position }).toString()}`;
  let isSettled = false;
  return {
    title: 'Order',
    lead: route.id,
    scopes: ['orders:read'],
    intervalMs: () => (isSettled ? 10_000 : 2000),
    async read(signal) {
      const [order, history, processing] = await Promise.all([
        /** @type {Promise<Order>} */ (api.get(`${path}${query}`, signal)),
        /** @type {Promise<{data: HistoryEntry[]}>} */ (api.get(`${path}/history${query}`, signal)),
        mayExplain(principal) ? processingOf(api.get(`${path}/processing${query}`, signal)) : undefined,
      ]);
      isSettled = FINAL.has(order.status) && order.status !== 'failed';
      return [
        state(order, processing),
        ...whereItIs(processing, context),
        panel('order-history', 'History', historyTable(history.data, context)),
        orderDetails(order, context),
        folded('Raw JSON', JSON.stringify({ order, history: history.data, processing }, null, 2), 'raw'),
      ];
    },
  };
}

/**
 * A gateway may hide it while it passes on the order.
 * @param {Promise<Processing>} read
 * @returns {Promise<Processing | undefined>}
 */
function processingOf(read) {
  return read.catch((error) => {
    if (error instanceof RequestProblem && error.problem.status === 404) return undefined;
    throw error;
  });
}

/** @param {import('../session.js').Principal} principal */
function mayExplain(principal) {
  return may(principal, 'dead-letters:read');
}

/**
 * @param {Order} order
 * @param {Processing | undefined} processing
 */
function state({ status, reason }, processing) {
  const steps = h('ol', { class: 'steps' });
  createSteps(steps);
  showSteps(steps, status);
  const unresolved = processing?.deadLetters.find((one) => isUnresolved(one.state));
  const error = processing?.retry?.error ?? unresolved?.error;
  const shown = [h('div', { class: 'order-state' }, statusBadge(status), steps)];
  if (reason)
    shown.push(
      h(
        'p',
        { class: 'callout', id: 'order-reason' },
        h('b', {}, status === 'failed' ? 'Why it failed: ' : `Why it was ${status}: `),
        reason,
      ),
    );
  if (error) shown.push(failureDetails(error));
  if (processing === undefined) shown.push(h('p', { class: 'note' }, hiddenText()));
  return h('section', { class: 'panel', 'data-key': 'state', 'aria-label': 'State' }, ...shown);
}

function hiddenText() {
  return 'Where it waits and its errors are shown to callers with the scope dead-letters:read who may use all orders, at a replica rather than at a gateway.';
}

/**
 * @param {HistoryEntry[]} history
 * @param {Context} context
 */
function historyTable(history, { times }) {
  const rows = history.map(({ version, status, at, reason, attempts, error }) => ({
    key: version,
    cells: [
      String(version),
      statusBadge(status),
      times.both(at),
      String(attempts ?? '–'),
      why(reason, error),
    ],
  }));
  return table('History', HISTORY, rows, 'It has not been processed yet.');
}

/**
 * @param {string | null} reason
 * @param {import('../api-types.d.ts').Failure | undefined} error
 */
function why(reason, error) {
  if (error === undefined) return reason ?? '–';
  return h('div', { class: 'why' }, reason ?? '', h('span', { class: 'note' }, failureLine(error)));
}
