import { element } from './elements.js';

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'paused'} ConnectionState */

/** @type {Record<ConnectionState, string>} */
const WORDS = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', paused: 'Paused' };

/** Shows whether the page is up to date: it is when each of its sources (figures, events) is. */
export class Connection {
  /** @type {Map<string, boolean>} */
  #sources = new Map();
  #isPaused = false;

  /** @param {string[]} sources that there are */
  constructor(sources) {
    this.#expected = sources;
  }

  /** @type {string[]} */
  #expected;

  /**
   * @param {string} source
   * @param {boolean} isUp
   */
  report(source, isUp) {
    this.#sources.set(source, isUp);
    this.#show();
  }

  /** Nobody looks, so nothing is asked for. */
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
    badge.textContent = WORDS[state];
  }
}
