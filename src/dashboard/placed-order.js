import { create, element, setText } from './elements.js';
import { LiveStream } from './live-stream.js';
import { createSteps, FINAL, showSteps, TRANSITIONS } from './status-steps.js';

/** Labels of the transition buttons. @type {Record<string, string>} */
const LABELS = { preparing: 'Prepare', dispatched: 'Dispatch', delivered: 'Deliver', cancelled: 'Cancel' };

/** Follows the order that this page placed last until its final status. */
export class PlacedOrder {
  /** @type {LiveStream | undefined} */
  #stream;
  #id = '';

  constructor() {
    createSteps(element('placed-steps'));
  }

  /** @param {import('./order-form.js').Placed} placed */
  follow({ id, location }) {
    this.#stream?.close();
    this.#id = id;
    element('placed-steps').dataset.reached = '0';
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
    showSteps(element('placed-steps'), status);
    setText('placed-status', reason ? `${status}: ${reason}` : status);
    const buttons = (TRANSITIONS[status] ?? []).map((to) => {
      const button = create('button', LABELS[to]);
      button.addEventListener('click', () => void this.#move(to));
      return button;
    });
    const hadFocus = element('moves').contains(document.activeElement);
    element('moves').replaceChildren(...buttons);
    if (hadFocus) (buttons[0] ?? element('placed-link')).focus();
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
