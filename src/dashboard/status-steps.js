import { create } from './elements.js';

/** The statuses of a successful order, in sequence. */
const STEPS = ['accepted', 'confirmed', 'preparing', 'dispatched', 'delivered'];

/** The final statuses. */
export const FINAL = new Set(['delivered', 'cancelled', 'rejected', 'failed']);

/** The transitions that a caller may request. */
export const TRANSITIONS = /** @type {Record<string, string[]>} */ ({
  confirmed: ['preparing', 'cancelled'],
  preparing: ['dispatched', 'cancelled'],
  dispatched: ['delivered'],
});

/** @param {Element} list gets one dot per step */
export function createSteps(list) {
  list.replaceChildren(...STEPS.map(() => create('li')));
  list.setAttribute('aria-hidden', 'true');
}

/**
 * Marks the steps that an order has reached. A cancelled, rejected or failed order keeps its last step.
 * @param {HTMLElement} list filled by `createSteps`
 * @param {string} status
 */
export function showSteps(list, status) {
  const step = STEPS.indexOf(status);
  const reached = step === -1 ? Number(list.dataset.reached ?? 0) : step;
  list.dataset.reached = String(reached);
  list.dataset.status = status;
  for (const [index, item] of [...list.children].entries()) {
    item.className = index < reached ? 'done' : index === reached ? 'now' : '';
  }
}
