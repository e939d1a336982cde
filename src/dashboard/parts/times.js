import { h } from '../build.js';
import { counted } from '../ticker.js';

const precise = new Intl.DateTimeFormat('en-CA', {
  dateStyle: 'short',
  timeStyle: 'medium',
  hourCycle: 'h23',
});

/** The parts of the page that show times. */
export class Times {
  #clock;

  /** @param {import('../server-clock.js').ServerClock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** Such as "12 s ago", kept up to date. @param {string | null | undefined} at */
  since(at) {
    return this.#counting(at, 'since');
  }

  /** Such as "in 12 s", kept up to date. @param {string | null | undefined} at */
  until(at) {
    return this.#counting(at, 'until');
  }

  /** Date and time in the reader's time zone. @param {string | null | undefined} at */
  at(at) {
    return at ? h('time', { datetime: at, title: at }, written(at)) : '–';
  }

  /** Both. @param {string | null | undefined} at */
  both(at) {
    if (!at) return '–';
    return h('span', {}, this.at(at), h('span', { class: 'note' }, ' ', this.since(at)));
  }

  /**
   * @param {string | null | undefined} at
   * @param {'since' | 'until'} direction
   */
  #counting(at, direction) {
    if (!at) return '–';
    const text = counted(at, direction, this.#clock.now());
    return h('time', { datetime: at, title: written(at), 'data-count': direction }, text);
  }
}

/** @param {string} at */
function written(at) {
  return precise.format(new Date(at)).replace(',', '');
}
