import { h } from '../build.js';
import { hrefOf } from '../routes.js';

/**
 * @typedef {object} Field
 * @property {string} name of the parameter in the URL
 * @property {string} label
 * @property {readonly (readonly [value: string, text: string])[]} [choices] none: free text
 * @property {boolean} [isTime] entered in the reader's time zone; RFC 3339 in the URL
 */

/**
 * A form whose values are in the URL; folded on a phone while it is empty.
 * @param {import('../routes.js').Route} route
 * @param {readonly Field[]} fields
 * @param {(href: string) => void} go
 */
export function filterForm(route, fields, go) {
  const inputs = fields.map((field) => ({
    ...field,
    input: inputOf(field, route.query.get(field.name) ?? ''),
  }));
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const values = inputs.map(({ name, input, isTime }) => [
      name,
      isTime ? toUtc(input.value) : input.value.trim(),
    ]);
    go(hrefOf(route.name, { query: Object.fromEntries(values) }));
  };
  const form = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Filter', novalidate: true, submit },
    ...inputs.map(({ label, input }) =>
      h('div', { class: 'filter' }, h('label', { for: input.id }, label), input),
    ),
    h(
      'div',
      { class: 'filter-buttons' },
      h('button', { type: 'submit' }, 'Filter'),
      h('a', { href: hrefOf(route.name) }, 'Clear'),
    ),
  );
  const isUsed = inputs.some(({ input }) => input.value !== '');
  const open = isUsed || matchMedia('(min-width: 48rem)').matches;
  return h('details', { class: 'filters-fold', open }, h('summary', {}, 'Filter'), form);
}

/**
 * @param {Field} field
 * @param {string} value
 * @returns {HTMLInputElement | HTMLSelectElement}
 */
function inputOf({ name, choices, isTime = false }, value) {
  const id = `filter-${name}`;
  if (choices === undefined) {
    const kind = isTime
      ? { type: 'datetime-local', step: '1', value: toLocal(value) }
      : { type: 'text', autocomplete: 'off', spellcheck: 'false', value };
    return /** @type {HTMLInputElement} */ (h('input', { id, ...kind }));
  }
  const options = choices.map(([choice, text]) =>
    h('option', { value: choice, selected: choice === value }, text),
  );
  return /** @type {HTMLSelectElement} */ (h('select', { id }, ...options));
}

/** @param {string} local as a `datetime-local` field has it */
function toUtc(local) {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

/** @param {string} utc */
function toLocal(utc) {
  const at = new Date(utc);
  if (Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
