import { create, element, setText } from './elements.js';
import { duration } from './format.js';
import { hrefOf } from './routes.js';
import { createSteps, FINAL, showSteps } from './status-steps.js';

/** @typedef {import('./live-stream.js').OrderEvent} OrderEvent */
/** @typedef {{row: HTMLTableRowElement, steps: HTMLElement, badge: HTMLElement, age: HTMLElement, status: string, drawnStatus: string, changedAt: number}} Shown */

const MAX_SHOWN = 12;

/** When the table is full, new orders replace rows unchanged for this long: rows with a final status, and other rows. */
const FINAL_STAYS_MS = 2500;
const UNCHANGED_STAYS_MS = 12_000;

/** The interval at which the table is redrawn, however many changes arrive. */
const DRAW_MS = 250;

/**
 * A sample of the orders in progress, because no one can read thousands per second. The table follows an order to its
 * final status; then the newest order takes its place.
 */
export class OrderList {
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  /** The newest orders that are not in the table yet. @type {Map<string, OrderEvent>} */
  #waiting = new Map();
  #changes = 0;
  #countedAt = performance.now();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  start() {
    this.#timer ??= setInterval(() => this.#draw(), DRAW_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  clear() {
    for (const { row } of this.#shown.values()) row.remove();
    this.#shown.clear();
    this.#waiting.clear();
    element('no-orders').hidden = false;
  }

  /** @param {OrderEvent} event */
  take(event) {
    this.#changes += 1;
    const id = event.orderId ?? '';
    const shown = this.#shown.get(id);
    if (shown !== undefined) {
      shown.status = event.status;
      shown.changedAt = performance.now();
    } else if (!FINAL.has(event.status) || this.#shown.size < MAX_SHOWN) {
      this.#waiting.delete(id);
      this.#waiting.set(id, event);
      const [oldest] = this.#waiting.keys();
      if (this.#waiting.size > MAX_SHOWN && oldest !== undefined) this.#waiting.delete(oldest);
    } else {
      this.#waiting.delete(id);
    }
  }

  #draw() {
    const now = performance.now();
    if (this.#waiting.size > 0) this.#makeRoom(now);
    for (const [id, event] of [...this.#waiting].reverse()) {
      if (this.#shown.size >= MAX_SHOWN) break;
      this.#waiting.delete(id);
      this.#shown.set(id, addRow(id, event, now));
    }
    for (const shown of this.#shown.values()) drawRow(shown, now);
    element('no-orders').hidden = this.#shown.size > 0;
    if (now - this.#countedAt < 1000) return;
    setText('changes-rate', String(Math.round((this.#changes * 1000) / (now - this.#countedAt))));
    this.#changes = 0;
    this.#countedAt = now;
  }

  /** @param {number} now */
  #makeRoom(now) {
    for (const [id, { row, status, changedAt }] of this.#shown) {
      if (this.#shown.size < MAX_SHOWN) return;
      if (now - changedAt < (FINAL.has(status) ? FINAL_STAYS_MS : UNCHANGED_STAYS_MS)) continue;
      row.remove();
      this.#shown.delete(id);
    }
  }
}

/**
 * @param {string} id
 * @param {OrderEvent} event
 * @param {number} now
 * @returns {Shown}
 */
function addRow(id, { customerId = '', merchantId = '', status }, now) {
  const row = document.createElement('tr');
  const order = create('td');
  const link = create('a');
  link.setAttribute('href', hrefOf('order', { id }));
  link.setAttribute('title', id);
  // UUIDv7: orders of the same moment differ only at the end of their ids.
  link.append(create('code', `…${id.slice(-8)}`));
  order.append(link);
  const steps = create('ol', '', 'steps');
  createSteps(steps);
  const badge = create('span', '', 'status');
  const age = create('td', '', 'optional time');
  const cells = [create('td', customerId), create('td', merchantId, 'optional'), create('td'), create('td')];
  cells[2]?.append(steps);
  cells[3]?.append(badge);
  row.append(order, ...cells, age);
  element('orders').prepend(row);
  return { row, steps, badge, age, status, drawnStatus: '', changedAt: now };
}

/**
 * @param {Shown} shown
 * @param {number} now
 */
function drawRow(shown, now) {
  const { steps, badge, age, status, changedAt } = shown;
  const text = now - changedAt < 1000 ? 'now' : duration(Math.floor((now - changedAt) / 1000) * 1000);
  if (age.textContent !== text) age.textContent = text;
  if (shown.drawnStatus === status) return;
  shown.drawnStatus = status;
  badge.textContent = status;
  badge.dataset.status = status;
  showSteps(steps, status);
}
