/** `Date` headers have whole seconds, and responses take time, so smaller differences do not mean that a clock is wrong. */
const TOLERANCE_MS = 2000;

/** The time of the service, because the clock of the reader's machine may be wrong. */
export class ServerClock {
  #aheadMs = 0;

  /** @param {Response} response */
  take(response) {
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isNaN(date)) return;
    const aheadMs = date + 500 - Date.now();
    if (Math.abs(aheadMs - this.#aheadMs) > TOLERANCE_MS) this.#aheadMs = aheadMs;
  }

  /** @returns {number} milliseconds since the epoch */
  now() {
    return Date.now() + this.#aheadMs;
  }
}
