import { may } from '../allowed.js';
import { h, panel } from '../build.js';
import { count } from '../format.js';
import { failureLine } from '../parts/failure.js';
import { deadLetterLink, isUnresolved, positionText, reasonText, stateBadge } from '../parts/labels.js';
import { facts } from '../parts/table.js';
import { bulkButton } from '../bulk/bulk-buttons.js';

/** @typedef {import('../api-types.d.ts').Processing} Processing */
/** @typedef {import('./view.js').Context} Context */

/** @type {Record<Processing['state'], string>} */
const STATES = {
  unprocessed: 'It waits in the event log to be processed.',
  retrying: 'It failed for now. The service tries it again by itself.',
  failed: 'It failed for good. It is processed again when its dead letter is replayed.',
  processed: 'It is processed.',
};

/**
 * Where an order is and what it waits for.
 * @param {Processing | undefined} processing undefined: the reader may not know
 * @param {Context} context
 * @returns {HTMLElement[]}
 */
export function whereItIs(processing, context) {
  if (processing === undefined) return [];
  const { state, position, recordsAhead, retry } = processing;
  const { times } = context;
  const where = panel(
    'order-processing',
    'Where it is',
    h('p', { 'data-key': 'text' }, STATES[state]),
    facts([
      ['Record', position === null ? undefined : positionText(position)],
      ['Records ahead of it', recordsAhead === null ? undefined : count(recordsAhead)],
      ['Attempts', retry === null ? undefined : count(retry.attempts)],
      ['First failed', retry === null ? undefined : times.both(retry.firstFailedAt)],
      ['Next attempt', retry === null ? undefined : h('b', {}, times.until(retry.nextAttemptAt))],
      ['Events behind it', retry === null ? undefined : count(retry.queuedEvents)],
    ]),
  );
  return processing.deadLetters.length === 0 ? [where] : [where, deadLetters(processing, context)];
}

/**
 * @param {Processing} processing
 * @param {Context} context
 */
function deadLetters({ deadLetters }, { times, principal, act }) {
  const mayAct = may(principal, 'dead-letters:write');
  const mayOpen = may(principal, 'dead-letters:read');
  const items = deadLetters.map(({ id, reason, state, failedAt, error }) => {
    const buttons = ['replay', 'discard'].map((verb) =>
      bulkButton(/** @type {'replay' | 'discard'} */ (verb), { ids: [id] }, `dead letter #${id}`, act),
    );
    return h(
      'li',
      { 'data-key': String(id) },
      h(
        'p',
        { class: 'line' },
        mayOpen ? deadLetterLink(id) : h('span', { class: 'number' }, `#${id}`),
        ' ',
        stateBadge(state),
        ` ${reasonText(reason)}, `,
        times.since(failedAt),
      ),
      h('p', { class: 'note' }, failureLine(error)),
      ...(mayAct && isUnresolved(state)
        ? [h('div', { class: 'buttons', 'data-key': 'buttons' }, ...buttons)]
        : []),
    );
  });
  return panel('order-dead-letters', 'Dead letters', h('ul', { class: 'cards' }, ...items));
}
