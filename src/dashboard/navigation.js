import { element, setText } from './elements.js';
import { count } from './format.js';
import { hrefOf, parseRoute } from './routes.js';
import { parseSearch } from './search-query.js';

/** @typedef {import('./routes.js').Route} Route */

/** The link that a view belongs to, where they differ. @type {Partial<Record<Route['name'], string>>} */
const BELONGS_TO = { order: 'search', 'dead-letter': 'dead-letters' };

/** The links to the views, the search box, and the address of the page. */
export class Navigation {
  #box = /** @type {HTMLInputElement} */ (element('search-box'));

  #onRoute;

  /** @param {(event?: Event) => void} onRoute another view is asked for, or the same once more */
  constructor(onRoute) {
    this.#onRoute = onRoute;
    window.addEventListener('hashchange', onRoute);
    element('search-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const q = this.#box.value.trim();
      const { orderId } = parseSearch(q);
      this.go(orderId === undefined ? hrefOf('search', { query: { q } }) : hrefOf('order', { id: orderId }));
    });
    document.addEventListener('keydown', (event) => this.#toSearch(event));
    for (const link of document.querySelectorAll('a.skip')) {
      link.addEventListener('click', (event) => {
        event.preventDefault();
        element(link.getAttribute('href')?.slice(1) ?? '').focus();
      });
    }
  }

  get route() {
    return parseRoute(window.location.hash);
  }

  /** @param {string} href */
  go(href) {
    if (window.location.hash === href) this.#onRoute();
    else window.location.hash = href;
  }

  /** Goes there without an entry in the history. @param {string} href */
  replace(href) {
    window.location.replace(href);
  }

  /** Marks where the reader is. @param {Route} route @param {string} title */
  show(route, title) {
    document.title = `${title} · order-system`;
    const current = BELONGS_TO[route.name] ?? route.name;
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('#views a'))) {
      if (link.dataset.view === current) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    this.#box.value = route.name === 'search' ? (route.query.get('q') ?? '') : '';
  }

  /** How much needs attention, beside the links. @param {import('./api-types.d.ts').Stats} stats */
  count({ deadLetters, retries }) {
    setText('dead-letters-badge', deadLetters.open ? count(deadLetters.open) : '');
    setText('retrying-badge', retries.waiting ? count(retries.waiting) : '');
  }

  clear() {
    this.#box.value = '';
    setText('dead-letters-badge', '');
    setText('retrying-badge', '');
  }

  /** The key / leads to the search box, except while the reader types. @param {KeyboardEvent} event */
  #toSearch(event) {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, select, textarea');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector('dialog[open]') !== null || element('search-form').hidden) return;
    event.preventDefault();
    this.#box.select();
    this.#box.focus();
  }
}
