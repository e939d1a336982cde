import { may } from './allowed.js';
import { showFigures } from './figures.js';
import { LiveStream } from './live-stream.js';
import { OrderForm } from './order-form.js';
import { OrderList } from './order-list.js';
import { PlacedOrder } from './placed-order.js';
import { RateChart } from './rate-chart.js';

/** @typedef {import('./session.js').Session} Session */
/** @typedef {import('./session.js').Principal} Principal */

/**
 * @typedef {object} OverviewOptions
 * @property {Session} session
 * @property {(isUp: boolean) => void} onConnection of the stream of orders
 * @property {(detail: string) => void} onDenied the caller may not watch orders
 */

/** The first view: figures, the chart, orders as they change, and the form that places one. */
export class Overview {
  #chart = new RateChart();
  #orders = new OrderList();
  #placed;
  #form;
  #events;

  /** @param {OverviewOptions} options */
  constructor({ session, onConnection, onDenied }) {
    const placed = new PlacedOrder(session);
    this.#placed = placed;
    this.#form = new OrderForm(session, (order) => placed.follow(order));
    this.#events = new LiveStream('/v1/order-events', {
      caller: session,
      onEvent: (event) => this.#orders.take(event),
      onConnection,
      onDenied: ({ detail }) => onDenied(detail),
    });
  }

  /** @param {Principal} principal */
  start(principal) {
    if (!may(principal, 'orders:read')) return;
    this.#events.open();
    this.#orders.start();
  }

  stop() {
    this.#events.close();
    this.#orders.stop();
  }

  /** The next `start` shows what happens from then on. Only while stopped. */
  forget() {
    this.#events.forget();
  }

  /** @param {import('./api-types.d.ts').Stats} stats */
  show(stats) {
    showFigures(stats);
    this.#chart.show(stats.seconds);
  }

  /** The order that was placed last is followed while another view is shown, and while the page is hidden. */
  pausePlaced() {
    this.#placed.pause();
  }

  /** @param {Principal} principal */
  resumePlaced(principal) {
    this.#form.fix(principal);
    this.#placed.resume();
  }

  /** Removes what belongs to a caller. Only while stopped. */
  clear() {
    this.#events.forget();
    this.#orders.clear();
    this.#placed.clear();
    this.#form.clear();
  }
}
