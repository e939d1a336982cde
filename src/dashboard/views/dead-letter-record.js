import { h, panel } from '../build.js';
import { facts, table } from '../parts/table.js';

/** @typedef {import('../api-types.d.ts').DeadLetter} DeadLetter */

const HEADERS = [{ label: 'Header' }, { label: 'Value' }];

/** The record of a dead letter: JSON is indented, anything else is shown as it is. @param {DeadLetter} deadLetter */
export function recordPanel({ key, keyEncoding, value, valueEncoding, headers }) {
  const { text, what } = readable(value, valueEncoding);
  const entries = Object.entries(headers ?? {}).map(([name, content]) => ({
    key: name,
    cells: [h('code', {}, name), h('code', {}, content ?? 'null')],
  }));
  return panel(
    'dead-letter-record',
    'Record',
    facts([
      ['Key', key === null ? 'none' : h('code', {}, keyEncoding === 'base64' ? `${key} (base64)` : key)],
      ['Value', what],
    ]),
    h(
      'pre',
      {
        class: 'record',
        tabindex: '0',
        role: 'region',
        'aria-label': 'Value of the record',
        'data-key': 'value',
      },
      text,
    ),
    ...(entries.length === 0 ? [] : [table('Headers', HEADERS, entries)]),
  );
}

/**
 * @param {string | null} value
 * @param {string | null} encoding
 */
function readable(value, encoding) {
  if (value === null) return { text: '', what: 'none' };
  if (encoding === 'base64') return { text: value, what: 'bytes that are no UTF-8, as base64' };
  try {
    return { text: JSON.stringify(JSON.parse(value), null, 2), what: 'JSON, indented' };
  } catch {
    return { text: value, what: 'text that is no JSON' };
  }
}
