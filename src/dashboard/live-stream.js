/**
 * @typedef {object} OrderEvent of GET /v1/order-events: a change has an orderId, a snapshot the order's own id
 * @property {string} [orderId]
 * @property {string} [id]
 * @property {string} [customerId]
 * @property {string} [merchantId]
 * @property {string} status
 * @property {number} version
 * @property {string | null} [reason]
 */

const REOPEN_MS = 1000;

/**
 * Server-sent events that reconnect. A browser resumes a broken stream with the id of its last event, but gives up after
 * an error response, for example during a shutdown; then this opens a new stream.
 */
export class LiveStream {
  #url;
  #onEvent;
  #onConnection;
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reopening;

  /**
   * @param {string} url
   * @param {(event: OrderEvent) => void} onEvent
   * @param {(isUp: boolean) => void} onConnection
   */
  constructor(url, onEvent, onConnection = () => undefined) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#onConnection = onConnection;
  }

  open() {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    source.addEventListener('open', () => this.#onConnection(true));
    source.addEventListener('error', () => {
      if (this.#source !== source) return;
      this.#onConnection(false);
      if (source.readyState === EventSource.CLOSED) {
        this.#reopening = setTimeout(() => this.open(), REOPEN_MS);
      }
    });
    const take = (/** @type {MessageEvent<string>} */ message) => this.#onEvent(JSON.parse(message.data));
    source.addEventListener('snapshot', take);
    source.addEventListener('change', take);
  }

  close() {
    clearTimeout(this.#reopening);
    this.#source?.close();
    this.#source = undefined;
  }
}
