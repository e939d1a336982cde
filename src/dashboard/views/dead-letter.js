import { may } from '../allowed.js';
import { h, panel } from '../build.js';
import { bulkButton } from '../bulk/bulk-buttons.js';
import { count } from '../format.js';
import { failureDetails, folded } from '../parts/failure.js';
import {
  deadLetterLink,
  isUnresolved,
  orderLink,
  positionText,
  reasonText,
  stateBadge,
  STATES,
} from '../parts/labels.js';
import { facts, table } from '../parts/table.js';
import { recordPanel } from './dead-letter-record.js';

/** @typedef {import('../api-types.d.ts').DeadLetter} DeadLetter */
/** @typedef {import('./view.js').Context} Context */

const AUDIT = [{ label: 'What' }, { label: 'When' }, { label: 'By' }, { label: 'Detail' }];

/** One dead letter with its record. @param {Context} context @returns {import('./view.js').View} */
export function deadLetterView(context) {
  const { route, api } = context;
  return {
    title: `Dead letter #${route.id}`,
    lead: 'A record that failed for good, as it was, and why.',
    scopes: ['dead-letters:read'],
    notFound: `There is no dead letter #${route.id}, or a gateway hides it: then open the page at a replica.`,
    intervalMs: () => 3000,
    async read(signal) {
      /** @type {DeadLetter} */
      const deadLetter = await api.get(`/v1/dead-letters/${route.id}`, signal);
      return [
        state(deadLetter, context),
        panel('dead-letter-error', 'Why it failed', ...whyItFailed(deadLetter)),
        recordPanel(deadLetter),
        panel('dead-letter-audit', 'Replays and decisions', auditTable(deadLetter, context)),
        folded('Raw JSON', JSON.stringify(deadLetter, null, 2), 'raw'),
      ];
    },
  };
}

/**
 * @param {DeadLetter} deadLetter
 * @param {Context} context
 */
function state(deadLetter, { principal, times, act }) {
  const { id, state, orderId, reason, causedBy, attempts, replayCount, firstFailedAt, failedAt } = deadLetter;
  const what = `dead letter #${id}`;
  const buttons =
    may(principal, 'dead-letters:write') && isUnresolved(state)
      ? [bulkButton('replay', { ids: [id] }, what, act), bulkButton('discard', { ids: [id] }, what, act)]
      : [];
  return h(
    'section',
    { class: 'panel', 'data-key': 'state', 'aria-label': 'State' },
    h('p', { class: 'line' }, stateBadge(state), ` ${STATES[state] ?? ''}`),
    facts([
      ['Order', orderLink(orderId)],
      ['Reason', reasonText(reason)],
      ['Failed because of', causedBy ? deadLetterLink(causedBy) : undefined],
      ['Position', positionText(deadLetter)],
      ['Attempts', count(attempts)],
      ['Failed replays', count(replayCount)],
      ['First failed', times.both(firstFailedAt)],
      ['Last failed', times.both(failedAt)],
    ]),
    h('div', { class: 'buttons', 'data-key': 'buttons', hidden: buttons.length === 0 }, ...buttons),
  );
}

/** The one-line text says it too, but without class and stack. @param {DeadLetter} deadLetter */
function whyItFailed({ error, cause }) {
  return cause ? [failureDetails(cause)] : [h('p', { class: 'message' }, error)];
}

/**
 * @param {DeadLetter} deadLetter
 * @param {Context} context
 */
function auditTable({ audit }, { times }) {
  const rows = audit.map(({ act, at, by, detail }, index) => ({
    key: index,
    cells: [act.replaceAll('-', ' '), times.both(at), by, detail || '–'],
  }));
  return table('Replays and decisions', AUDIT, rows, 'It has not been replayed or discarded.');
}
