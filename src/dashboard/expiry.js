/** How long before the end to warn. */
const WARNING_MS = 60_000;

/** `setTimeout` fires at once for longer delays. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Tells that credentials end soon, and that they have ended. */
export class Expiry {
  #onSoon;
  #onEnd;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {() => void} onSoon
   * @param {() => void} onEnd
   */
  constructor(onSoon, onEnd) {
    this.#onSoon = onSoon;
    this.#onEnd = onEnd;
  }

  /** @param {number} remainingMs Infinity: never */
  start(remainingMs) {
    this.stop();
    if (remainingMs === Infinity) return;
    const endsAt = performance.now() + remainingMs;
    this.#at(endsAt - WARNING_MS, () => {
      this.#onSoon();
      this.#at(endsAt, this.#onEnd);
    });
  }

  stop() {
    clearTimeout(this.#timer);
  }

  /**
   * @param {number} time of `performance.now`
   * @param {() => void} act
   */
  #at(time, act) {
    const delay = time - performance.now();
    this.#timer =
      delay > MAX_DELAY_MS
        ? setTimeout(() => this.#at(time, act), MAX_DELAY_MS)
        : setTimeout(act, Math.max(0, delay));
  }
}
