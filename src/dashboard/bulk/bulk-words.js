import { count } from '../format.js';

/** @typedef {import('./bulk-run.js').Verb} Verb */
/** @typedef {import('./bulk-run.js').Tally} Tally */

/** @type {Record<Verb, string>} */
const EFFECTS = {
  replay: 'A replay processes records again, byte for byte, oldest failure first.',
  discard:
    'A discard closes dead letters without a replay. They stay in the store, but cannot be replayed any more.',
};

/** @type {Record<Verb, string>} */
const DONE = { replay: 'replayed', discard: 'discarded' };

/** What the action does, for the confirmation. @param {Verb} verb */
export function effectText(verb) {
  return EFFECTS[verb];
}

/**
 * @param {Verb} verb
 * @param {{matched: number, skipped: number}} result
 */
export function dryRunText(verb, { matched, skipped }) {
  if (matched === 0) return 'Dry run: nothing matches.';
  const would = `${count(matched - skipped)} would be ${DONE[verb]}`;
  const left =
    skipped === 0
      ? ''
      : `, ${count(skipped)} would be skipped, because they are closed or were replayed too often`;
  return `Dry run: ${count(matched)} ${matched === 1 ? 'matches' : 'match'}; ${would}${left}.`;
}

/**
 * @param {Verb} verb
 * @param {Tally} tally
 * @param {string} [end] how it ended, if it did not complete
 */
export function resultText(verb, { matched, done, skipped }, end = '') {
  const counts = `Matched ${count(matched)}, ${DONE[verb]} ${count(done)}, skipped ${count(skipped)}.`;
  if (end !== '')
    return `${end} So far: ${counts.charAt(0).toLowerCase()}${counts.slice(1)} Repeating it is safe.`;
  return verb === 'replay' && done > 0 ? `${counts} The state of each shows how its replay went.` : counts;
}

/**
 * What to type to confirm: the word for one, else the number.
 * @param {Verb} verb
 * @param {{matched: number, skipped: number}} result
 */
export function confirmation(verb, { matched, skipped }) {
  const eligible = matched - skipped;
  return eligible === 1 ? verb : String(eligible);
}
