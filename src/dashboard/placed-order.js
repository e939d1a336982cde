import { may, mayRequest } from './allowed.js';
import { create, element, setText } from './elements.js';
import { LiveStream } from './live-stream.js';
import { hrefOf } from './routes.js';
import { createSteps, FINAL, showSteps, TRANSITIONS } from './status-steps.js';

/** Labels of the transition buttons. @type {Record<string, string>} */
const LABELS = { preparing: 'Prepare', dispatched: 'Dispatch', delivered: 'Deliver', cancelled: 'Cancel' };

/** Follows the order that this page placed last until its final status. */
export class PlacedOrder {
  /** @type {LiveStream | undefined} */
  #stream;
  #id = '';
  #session;

  /** @param {import('./session.js').Session} session */
  constructor(session) {
    this.#session = session;
    createSteps(element('placed-steps'));
  }

  /** @param {import('./order-form.js').Placed} placed */
  follow({ id, location }) {
    this.#stream?.close();
    this.#id = id;
    element('placed-steps').dataset.reached = '0';
    element('placed').hidden = false;
    setText('placed-id', id);
    const position = new URL(location, window.location.href).searchParams;
    element('placed-link').setAttribute('href', hrefOf('order', { id, query: position }));
    this.#show({ status: 'accepted', reason: null });
    const query = new URLSearchParams([['orderId', id], ...position]);
    this.#stream = new LiveStream(`/v1/order-events?${query.toString()}`, {
      caller: this.#session,
      onEvent: (event) => this.#show(event),
      onDenied: ({ detail }) => setText('placed-status', detail),
    });
    this.resume();
  }

  pause() {
    this.#stream?.close();
  }

  resume() {
    if (this.#stream === undefined) return;
    if (this.#may('orders:read')) this.#stream.open();
    else setText('placed-status', 'accepted. To follow it, sign in with the scope orders:read.');
  }

  clear() {
    this.#stream?.close();
    this.#stream = undefined;
    element('placed').hidden = true;
    for (const id of ['placed-id', 'placed-status', 'moves']) setText(id, '');
  }

  /** @param {string} scope */
  #may(scope) {
    const { principal } = this.#session;
    return principal !== undefined && may(principal, scope);
  }

  /** @param {{status: string, reason?: string | null}} event */
  #show({ status, reason }) {
    showSteps(element('placed-steps'), status);
    setText('placed-status', reason ? `${status}: ${reason}` : status);
    const { principal } = this.#session;
    const allowed = (TRANSITIONS[status] ?? []).filter(
      (to) => principal !== undefined && mayRequest(principal, to),
    );
    const buttons = allowed.map((to) => {
      const button = create('button', LABELS[to]);
      button.addEventListener('click', () => void this.#move(to));
      return button;
    });
    const hadFocus = element('moves').contains(document.activeElement);
    element('moves').replaceChildren(...buttons);
    if (hadFocus) (buttons[0] ?? element('placed-link')).focus();
    if (!FINAL.has(status)) return;
    this.#stream?.close();
    this.#stream = undefined;
  }

  /** @param {string} to */
  async #move(to) {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ to });
    try {
      const response = await this.#session.fetch(`/v1/orders/${this.#id}/transitions`, {
        method: 'POST',
        headers,
        body,
      });
      if (!response.ok) setText('placed-status', (await response.json()).detail);
    } catch {
      setText('placed-status', 'The service did not answer. Try again.');
    }
  }
}
