import { h } from '../build.js';
import { hrefOf } from '../routes.js';

/**
 * Links to the first and the next page. Pages have no numbers: a list is read from where the last page ended.
 * @param {import('../routes.js').Route} route
 * @param {string | null} nextCursor
 * @param {string} [next] what the next page holds
 */
export function pager({ name, query }, nextCursor, next = 'Older') {
  const first = new URLSearchParams(query);
  first.delete('cursor');
  const following = new URLSearchParams(query);
  if (nextCursor !== null) following.set('cursor', nextCursor);
  const links = [
    ...(query.has('cursor')
      ? [h('a', { href: hrefOf(name, { query: first }), 'data-key': 'first' }, 'First page')]
      : []),
    ...(nextCursor === null
      ? []
      : [h('a', { href: hrefOf(name, { query: following }), 'data-key': 'next', rel: 'next' }, `${next} →`)]),
  ];
  return h(
    'nav',
    { class: 'pager', 'aria-label': 'Pages', 'data-key': 'pager', hidden: links.length === 0 },
    ...links,
  );
}

/**
 * The query of the API for a page of the list that a route shows.
 * @param {import('../routes.js').Route} route
 * @param {Record<string, string>} [filters]
 */
export function pageQuery({ query }, filters = {}) {
  const cursor = query.get('cursor') ?? '';
  const parameters = Object.entries({ ...filters, cursor }).filter(([, value]) => value !== '');
  return new URLSearchParams([...parameters, ['limit', '50']]).toString();
}
