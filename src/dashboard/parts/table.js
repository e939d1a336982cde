import { h } from '../build.js';

/** @typedef {string | Node} Cell */
/** @typedef {{label: string, numeric?: boolean}} Column */
/** @typedef {{key: string | number, cells: readonly Cell[], className?: string}} Row */

/**
 * A table; on a phone each row is a card. Roles are explicit, because a table that is displayed as blocks loses its own.
 * @param {string} caption read aloud, not shown
 * @param {readonly Column[]} columns
 * @param {readonly Row[]} rows
 * @param {string} [empty] shown instead of a table without rows
 */
export function table(caption, columns, rows, empty = 'Nothing to show.') {
  if (rows.length === 0) return h('p', { class: 'empty', 'data-key': 'empty' }, empty);
  const heads = columns.map(({ label, numeric }) =>
    h('th', { scope: 'col', role: 'columnheader', class: numeric ? 'numeric' : undefined }, label),
  );
  return h(
    'table',
    { class: 'list', role: 'table', 'data-key': 'table' },
    h('caption', { class: 'unseen' }, caption),
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
    h('tbody', { role: 'rowgroup' }, ...rows.map((row) => tableRow(row, columns))),
  );
}

/**
 * @param {Row} row
 * @param {readonly Column[]} columns
 */
function tableRow({ key, cells, className }, columns) {
  const made = cells.map((cell, index) => {
    const { label = '', numeric } = columns[index] ?? {};
    return h('td', { role: 'cell', 'data-label': label, class: numeric ? 'numeric' : undefined }, cell);
  });
  return h('tr', { role: 'row', 'data-key': String(key), class: className }, ...made);
}

/**
 * Labels and values.
 * @param {readonly (readonly [string, Cell | undefined])[]} entries those without a value are left out
 */
export function facts(entries) {
  const shown = entries.filter(([, value]) => value !== undefined && value !== '');
  return h(
    'dl',
    { class: 'facts' },
    ...shown.map(([label, value]) =>
      h('div', { 'data-key': label }, h('dt', {}, label), h('dd', {}, value ?? '')),
    ),
  );
}
