/**
 * The views and their URLs. They are fragments (`#/orders/…`): the ids that they name stay out of the access logs of servers
 * and gateways, and the page is one file for every view.
 */

/** @typedef {'overview' | 'search' | 'order' | 'dead-letters' | 'dead-letter' | 'retrying' | 'partitions' | 'replicas' | 'unknown'} ViewName */
/** @typedef {{name: ViewName, id: string, query: URLSearchParams}} Route */

/** @type {readonly [ViewName, RegExp][]} */
const PATHS = [
  ['overview', /^\/?$/],
  ['search', /^\/search$/],
  ['order', /^\/orders\/([^/]+)$/],
  ['dead-letters', /^\/dead-letters$/],
  ['dead-letter', /^\/dead-letters\/(\d+)$/],
  ['retrying', /^\/retrying$/],
  ['partitions', /^\/partitions$/],
  ['replicas', /^\/replicas$/],
];

/** @type {Partial<Record<ViewName, string>>} */
const FOLDERS = { overview: '', order: 'orders', 'dead-letter': 'dead-letters' };

/** @param {string} hash of the location, with its `#` @returns {Route} */
export function parseRoute(hash) {
  const [path = '', ...rest] = hash.replace(/^#/, '').split('?');
  const query = new URLSearchParams(rest.join('?'));
  for (const [name, pattern] of PATHS) {
    const found = pattern.exec(path);
    if (found !== null) return { name, id: decoded(found[1] ?? ''), query };
  }
  return { name: 'unknown', id: '', query };
}

/**
 * @param {ViewName} name
 * @param {{id?: string | number, query?: URLSearchParams | Record<string, string>}} [options] empty parameters are left out
 */
export function hrefOf(name, { id, query = {} } = {}) {
  const given = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const parameters = new URLSearchParams(given.filter(([, value]) => value !== '')).toString();
  const path = [FOLDERS[name] ?? name, ...(id === undefined ? [] : [encodeURIComponent(id)])].join('/');
  return `#/${path}${parameters === '' ? '' : `?${parameters}`}`;
}

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
