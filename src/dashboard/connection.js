import { element } from './elements.js';

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'paused'} ConnectionState */

/** @type {Record<ConnectionState, string>} */
const LABELS = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', paused: 'Paused' };

/** Shows whether all sources of the page are connected. */
export class Connection {
  /** @type {Map<string, boolean>} */
  #sources = new Map();
  /** @type {readonly string[]} */
  #expected = [];
  #isPaused = false;

  /** @param {readonly string[]} sources those that run from now on, named as in `report` */
  resume(sources) {
    this.#isPaused = false;
    this.#expected = sources;
    this.#sources.clear();
    this.#show();
  }

  /**
   * @param {string} source
   * @param {boolean} isUp
   */
  report(source, isUp) {
    this.#sources.set(source, isUp);
    this.#show();
  }

  /** The caller may not read this source. @param {string} source */
  drop(source) {
    this.#expected = this.#expected.filter((name) => name !== source);
    this.#sources.delete(source);
    this.#show();
  }

  /** The page requests nothing. */
  pause() {
    this.#isPaused = true;
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
