import { element, setText } from './elements.js';

/** @typedef {'connecting' | 'live' | 'reconnecting' | 'paused' | 'down'} ConnectionState */
/** @typedef {import('./api-types.d.ts').Dependencies} Dependencies */

const time = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** @type {Record<Exclude<ConnectionState, 'down'>, string>} */
const LABELS = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', paused: 'Paused' };

const LOG_DOWN =
  'The event log is down: new orders are refused with 503, and none is processed. Accepted orders are not lost; they go on when it is back.';
const STORE_DOWN =
  'The store is down: orders are still accepted, but none is processed or found until it is back. Nothing is lost.';
const NOT_READY = 'The service is not ready: it may refuse new orders for now.';

/** Shows whether all sources of the page are connected and the service works, and since when its figures are old. */
export class Connection {
  /** @type {Map<string, boolean>} */
  #sources = new Map();
  /** @type {readonly string[]} */
  #expected = [];
  #isPaused = false;
  /** of the service, in words; empty if it works */
  #fault = '';
  #faultLabel = '';
  /** @type {number | undefined} */
  #lastFiguresAt;

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
    if (source === 'figures' && isUp) this.#lastFiguresAt = Date.now();
    this.#show();
  }

  /** @param {Dependencies | undefined} dependencies */
  setDependencies({ log, store } = { log: 'up', store: 'up' }) {
    const down = [...(log === 'down' ? ['Event log'] : []), ...(store === 'down' ? ['Store'] : [])];
    const texts = [...(log === 'down' ? [LOG_DOWN] : []), ...(store === 'down' ? [STORE_DOWN] : [])];
    this.#setFault(down.length === 0 ? '' : `${down.join(' and ')} down`, texts.join(' '));
  }

  /** For readers who may not know more. @param {boolean} isReady */
  setReady(isReady) {
    this.#setFault(isReady ? '' : 'Not ready', isReady ? '' : NOT_READY);
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

  /**
   * @param {string} label
   * @param {string} text
   */
  #setFault(label, text) {
    this.#faultLabel = label;
    this.#fault = text;
    this.#show();
  }

  /** @returns {ConnectionState} */
  #state() {
    if (this.#isPaused) return 'paused';
    if ([...this.#sources.values()].includes(false)) return 'reconnecting';
    if (this.#fault !== '') return 'down';
    return this.#sources.size === this.#expected.length ? 'live' : 'connecting';
  }

  #show() {
    const state = this.#state();
    element('connection').dataset.state = state;
    setText('connection', state === 'down' ? this.#faultLabel : LABELS[state]);
    const text = state === 'reconnecting' ? this.#silence() : state === 'down' ? this.#fault : '';
    setText('health', text);
    element('health').hidden = text === '';
    document.body.toggleAttribute('data-stale', this.#sources.get('figures') === false);
  }

  #silence() {
    if (this.#sources.get('figures') !== false && this.#sources.get('session') !== false)
      return 'The stream of changes is interrupted. The page connects again by itself.';
    const since =
      this.#lastFiguresAt === undefined
        ? ''
        : ` The figures are those of ${time.format(this.#lastFiguresAt)}.`;
    return `The service does not answer. The page tries again by itself.${since}`;
  }
}
