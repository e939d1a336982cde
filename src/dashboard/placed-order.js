import { create, element, setText } from './elements.js';
import { LiveStream } from './live-stream.js';
import { FINAL, makeWay, MOVES, showWay } from './way.js';

/** What a button says that moves an order on. @type {Record<string, string>} */
const VERBS = { preparing: 'Prepare', dispatched: 'Dispatch', delivered: 'Deliver', cancelled: 'Cancel' };

/** Follows the order that was placed here last, to its end. */
export class PlacedOrder {
  /** @type {LiveStream | undefined} */
  #stream;
  #id = '';

  constructor() {
    makeWay(element('placed-way'));
  }

  /** @param {import('./order-form.js').Placed} placed */
  follow({ id, location }) {
    this.#stream?.close();
    this.#id = id;
    const way = element('placed-way');
    way.dataset.reached = '0';
    element('placed').hidden = false;
    element('placed-link').setAttribute('href', location);
    setText('placed-id', id);
    this.#show({ status: 'accepted', reason: null });
    const position = new URL(location, window.location.href).search.replace('?', '&');
    this.#stream = new LiveStream(`/v1/order-events?orderId=${id}${position}`, (event) => this.#show(event));
    this.#stream.open();
  }

  /** @param {{status: string, reason?: string | null}} event */
  #show({ status, reason }) {
    showWay(element('placed-way'), status);
    setText('placed-status', reason ? `${status}: ${reason}` : status);
    const moves = (MOVES[status] ?? []).map((to) => {
      const button = create('button', VERBS[to]);
      button.addEventListener('click', () => void this.#move(to));
      return button;
    });
    const hadFocus = element('moves').contains(document.activeElement);
    element('moves').replaceChildren(...moves);
    if (hadFocus) (moves[0] ?? element('placed-link')).focus();
    if (FINAL.has(status)) this.#stream?.close();
  }

  /** @param {string} to */
  async #move(to) {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ to });
    try {
      const response = await fetch(`/v1/orders/${this.#id}/transitions`, { method: 'POST', headers, body });
      if (!response.ok) setText('placed-status', (await response.json()).detail);
    } catch {
      setText('placed-status', 'The service did not answer. Try again.');
    }
  }
}
