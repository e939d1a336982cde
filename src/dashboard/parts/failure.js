import { h } from '../build.js';

/** @typedef {import('../api-types.d.ts').Failure} Failure */

/** The service bounds the depth; this bounds a page that reads another service. */
const MAX_CAUSES = 10;

/**
 * An error: class and message, each cause below it, the stacks folded.
 * @param {Failure | null | undefined} failure
 * @param {string} [otherwise] shown if the service kept no error
 */
export function failureDetails(failure, otherwise = 'The service kept no error for it.') {
  if (!failure) return h('p', { class: 'note' }, otherwise);
  const chain = chainOf(failure);
  const lines = chain.map((error, index) =>
    h(
      'li',
      {},
      ...(index === 0 ? [] : [h('span', { class: 'note' }, 'caused by ')]),
      h('b', { class: 'class' }, error.class),
      ' ',
      h('span', { class: 'message' }, error.message),
    ),
  );
  const stacks = chain.map(({ stack }) => stack ?? '').filter((stack) => stack !== '');
  return h(
    'div',
    { class: 'failure' },
    h('ol', { class: 'causes' }, ...lines),
    ...(stacks.length === 0 ? [] : [folded('Stack', stacks.join('\n\ncaused by '), 'stack')]),
  );
}

/**
 * The error in one line for lists: the root cause comes last and says most, so it leads.
 * @param {Failure | null | undefined} failure
 */
export function failureLine(failure) {
  if (!failure) return '–';
  const chain = chainOf(failure);
  const root = /** @type {Failure} */ (chain.at(-1));
  return h('span', { class: 'message' }, h('b', { class: 'class' }, root.class), ` ${root.message}`);
}

/**
 * @param {string} summary
 * @param {string} text
 * @param {string} key
 */
export function folded(summary, text, key) {
  const pre = h('pre', { tabindex: '0', role: 'region', 'aria-label': summary }, text);
  return h('details', { class: 'folded', 'data-key': key }, h('summary', {}, summary), pre);
}

/** @param {Failure} failure @returns {Failure[]} the error and its causes, the root cause last */
export function chainOf(failure) {
  const chain = [];
  for (let error = /** @type {Failure | null | undefined} */ (failure); error && chain.length < MAX_CAUSES;) {
    chain.push(error);
    error = error.cause;
  }
  return chain;
}
