import { element, setText } from './elements.js';
import { money } from './format.js';
import { clearProblem, showProblem } from './problem.js';

/** @typedef {{id: string, location: string}} Placed */

const NOT_SIGNED_IN = {
  title: 'The order was not placed',
  detail: 'You are not signed in. Sign in, then place it again',
};

/** The form that places an order. */
export class OrderForm {
  #form = /** @type {HTMLFormElement} */ (element('place-order'));
  #caller;
  #onPlaced;
  /** The last request without a response; if the same body is sent again, it reuses the key. @type {{key: string, body: string} | undefined} */
  #unanswered;

  /**
   * @param {import('./session.js').Caller} caller
   * @param {(placed: Placed) => void} onPlaced
   */
  constructor(caller, onPlaced) {
    this.#caller = caller;
    this.#onPlaced = onPlaced;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#form.addEventListener('input', () => this.#showTotal());
    this.#showTotal();
  }

  /**
   * Fixes the customer or merchant of a caller who may place orders for no other.
   * @param {import('./session.js').Principal} principal
   */
  fix({ customerId, merchantId }) {
    fixValue(this.#input('/customerId'), customerId);
    fixValue(this.#input('/merchantId'), merchantId);
  }

  clear() {
    clearProblem(this.#form);
    this.#form.reset();
    this.#showTotal();
  }

  async #submit() {
    const button = /** @type {HTMLButtonElement} */ (this.#form.querySelector('button'));
    clearProblem(this.#form);
    button.disabled = true;
    try {
      await this.#place(JSON.stringify(this.#order()));
    } finally {
      button.disabled = false;
    }
  }

  /** @param {string} body */
  async #place(body) {
    const key = this.#unanswered?.body === body ? this.#unanswered.key : newKey();
    this.#unanswered = { key, body };
    try {
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const response = await this.#caller.fetch('/v1/orders', { method: 'POST', headers, body });
      const answer = await response.json();
      if (response.status < 500) this.#unanswered = undefined;
      if (response.ok) this.#onPlaced({ id: answer.id, location: response.headers.get('location') ?? '' });
      else if (response.status === 401) showProblem(this.#form, NOT_SIGNED_IN);
      else showProblem(this.#form, answer);
    } catch {
      showProblem(this.#form, {
        title: 'The service did not answer',
        detail: 'Send it again; the order will not be duplicated',
      });
    }
  }

  /** The values as typed; the service validates them. */
  #order() {
    const name = this.#value('/items/0/name');
    const item = {
      sku: this.#value('/items/0/sku'),
      ...(name === '' ? {} : { name }),
      quantity: numberOrText(this.#value('/items/0/quantity')),
      unitPrice: numberOrText(this.#value('/items/0/unitPrice')),
    };
    return {
      customerId: this.#value('/customerId'),
      merchantId: this.#value('/merchantId'),
      currency: this.#value('/currency'),
      items: [item],
      metadata: { channel: 'dashboard' },
    };
  }

  #showTotal() {
    const [quantity, price] = ['/items/0/quantity', '/items/0/unitPrice'].map((name) => this.#value(name));
    setText('order-total', money(Number(quantity) * Number(price), this.#value('/currency')));
  }

  /** @param {string} name */
  #value(name) {
    return this.#input(name).value.trim();
  }

  /** @param {string} name */
  #input(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }
}

/**
 * @param {HTMLInputElement} input
 * @param {string | undefined} value undefined: free
 */
function fixValue(input, value) {
  input.readOnly = value !== undefined;
  if (value !== undefined) input.value = value;
}

/** @param {string} text */
function numberOrText(text) {
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

/** `crypto.randomUUID` needs HTTPS or localhost. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
