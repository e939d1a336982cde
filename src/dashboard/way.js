import { create } from './elements.js';

/** The life of an order that goes well. */
const WAY = ['accepted', 'confirmed', 'preparing', 'dispatched', 'delivered'];

/** Nothing follows them. */
export const FINAL = new Set(['delivered', 'cancelled', 'rejected', 'failed']);

/** Where a request may move an order to. */
export const MOVES = /** @type {Record<string, string[]>} */ ({
  confirmed: ['preparing', 'cancelled'],
  preparing: ['dispatched', 'cancelled'],
  dispatched: ['delivered'],
});

/** @param {Element} list its steps, made once */
export function makeWay(list) {
  list.replaceChildren(...WAY.map(() => create('li')));
  list.setAttribute('aria-hidden', 'true');
}

/**
 * Shows how far an order has come. One that left the way stays where it was.
 * @param {HTMLElement} list made by `makeWay`
 * @param {string} status
 */
export function showWay(list, status) {
  const at = WAY.indexOf(status);
  const reached = at === -1 ? Number(list.dataset.reached ?? 0) : at;
  list.dataset.reached = String(reached);
  list.dataset.status = status;
  for (const [index, step] of [...list.children].entries()) {
    step.className = index < reached ? 'done' : index === reached ? 'now' : '';
  }
}
