import { h } from '../build.js';

/** @typedef {import('./bulk-run.js').BulkRequest} BulkRequest */

/** @type {Record<import('./bulk-run.js').Verb, string>} */
export const LABELS = { replay: 'Replay', discard: 'Discard' };

/**
 * A button that asks for confirmation and acts on a fixed selection.
 * @param {import('./bulk-run.js').Verb} verb
 * @param {import('./bulk-run.js').Selection} selection
 * @param {string} what the selection in words
 * @param {(request: BulkRequest) => void} act
 */
export function bulkButton(verb, selection, what, act) {
  return h(
    'button',
    {
      type: 'button',
      class: verb === 'replay' ? 'primary' : undefined,
      'data-key': `${verb} ${what}`,
      'aria-haspopup': 'dialog',
      'aria-label': `${LABELS[verb]} ${what}`,
      click: () => act({ verb, selection, what }),
    },
    `${LABELS[verb]}…`,
  );
}
