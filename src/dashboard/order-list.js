import { create, element, setText } from './elements.js';
import { duration } from './format.js';
import { FINAL, makeWay, showWay } from './way.js';

/** @typedef {import('./live-stream.js').OrderEvent} OrderEvent */
/** @typedef {{row: HTMLTableRowElement, way: HTMLElement, badge: HTMLElement, seen: HTMLElement, status: string, shown: string, changedAt: number}} Shown */

const MAX_SHOWN = 12;

/** An order that is done stays for a moment; one that stands still for long makes room for one that moves. */
const DONE_STAYS_MS = 2500;
const STILL_STAYS_MS = 12_000;

/** So often the page is drawn, however many changes come. */
const DRAW_MS = 250;

/**
 * Some orders on their way. Of many orders a second no reader could follow all: those that are shown are followed to
 * their end, and the newest take the place of those that are done.
 */
export class OrderList {
  /** @type {Map<string, Shown>} */
  #shown = new Map();
  /** The newest orders that have no place yet. @type {Map<string, OrderEvent>} */
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
      if (now - changedAt < (FINAL.has(status) ? DONE_STAYS_MS : STILL_STAYS_MS)) continue;
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
  link.setAttribute('href', `/v1/orders/${id}`);
  // The end of an id tells orders of one moment apart.
  link.append(create('code', `…${id.slice(-8)}`));
  order.append(link);
  const way = create('ol', '', 'way');
  makeWay(way);
  const badge = create('span', '', 'status');
  const seen = create('td', '', 'optional time');
  const cells = [create('td', customerId), create('td', merchantId, 'optional'), create('td'), create('td')];
  cells[2]?.append(way);
  cells[3]?.append(badge);
  row.append(order, ...cells, seen);
  element('orders').prepend(row);
  return { row, way, badge, seen, status, shown: '', changedAt: now };
}

/**
 * @param {Shown} shown
 * @param {number} now
 */
function drawRow(shown, now) {
  const { way, badge, seen, status, changedAt } = shown;
  const age = now - changedAt < 1000 ? 'now' : duration(Math.floor((now - changedAt) / 1000) * 1000);
  if (seen.textContent !== age) seen.textContent = age;
  if (shown.shown === status) return;
  shown.shown = status;
  badge.textContent = status;
  badge.dataset.status = status;
  showWay(way, status);
}
