import { duration } from './format.js';

const TICK_MS = 1000;

/**
 * Keeps the texts of `<time data-count="since">` and `<time data-count="until">` up to date while started.
 */
export class Ticker {
  #clock;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {import('./server-clock.js').ServerClock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  start() {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick() {
    const now = this.#clock.now();
    for (const time of /** @type {NodeListOf<HTMLTimeElement>} */ (
      document.querySelectorAll('time[data-count]')
    )) {
      const text = counted(time.dateTime, time.dataset.count ?? '', now);
      if (time.textContent !== text) time.textContent = text;
    }
  }
}

/**
 * @param {string} at RFC 3339
 * @param {string} direction since or until
 * @param {number} now
 */
export function counted(at, direction, now) {
  const ms = (Date.parse(at) - now) * (direction === 'until' ? 1 : -1);
  if (ms < 1000) return 'now';
  const text = duration(Math.floor(ms / 1000) * 1000);
  return direction === 'until' ? `in ${text}` : `${text} ago`;
}
