import { element } from './elements.js';

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'paused'} ConnectionState */

/** @type {Record<ConnectionState, string>} */
const LABELS = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', paused: 'Paused' };

/** Shows whether all sources of the page are connected. */
export class Connection {
  /** @type {Map<string, boolean>} */
  #sources = new Map();
  #expected;
  #isPaused = false;

  /** @param {string[]} sources the names that `report` will use */
  constructor(sources) {
    this.#expected = sources;
  }

  /**
   * @param {string} source
   * @param {boolean} isUp
   */
  report(source, isUp) {
    this.#sources.set(source, isUp);
    this.#show();
  }

  /** The page is hidden and requests nothing. */
  pause() {
    this.#isPaused = true;
    this.#show();
  }

  resume() {
    this.#isPaused = false;
    this.#sources.clear();
    this.#show();
  }

  /** @returns {ConnectionState} */
  #state() {
    if (this.#isPaused) return 'paused';
    if ([...this.#sources.values()].includes(false)) return 'reconnecting';
    return this.#sources.size === this.#expected.length ? 'live' : 'connecting';
  }

  #show() {
    const badge = element('connection');
    const state = this.#state();
    if (badge.dataset.state === state) return;
    badge.dataset.state = state;
    badge.textContent = LABELS[state];
  }
}
