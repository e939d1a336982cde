const MAX_WAITING = 20_000;

/** One send at a time waits for Kafka; the records that arrive meanwhile go out together in the next one. */
export class Coalescer {
  #send;
  #isSending = false;
  #waiting = [];

  /** @param send takes `[{key, value}, …]` */
  constructor(send) {
    this.#send = send;
  }

  /** Resolves when the send with this record has succeeded. */
  append(key, value) {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= MAX_WAITING) {
        reject(new Error('too many records wait for Kafka'));
        return;
      }
      this.#waiting.push({ key, value, resolve, reject });
      this.#flush();
    });
  }

  #flush() {
    if (this.#isSending || this.#waiting.length === 0) return;
    const batch = this.#waiting;
    this.#waiting = [];
    this.#isSending = true;
    this.#send(batch.map(({ key, value }) => ({ key, value })))
      .then(
        () => batch.forEach(({ resolve }) => resolve()),
        (error) => batch.forEach(({ reject }) => reject(error)),
      )
      .finally(() => {
        this.#isSending = false;
        this.#flush();
      });
  }
}
