import { Connection } from './connection.js';
import { showFigures } from './figures.js';
import { LiveStream } from './live-stream.js';
import { OrderForm } from './order-form.js';
import { OrderList } from './order-list.js';
import { PlacedOrder } from './placed-order.js';
import { RateChart } from './rate-chart.js';
import { StatsPoll } from './stats-poll.js';

const connection = new Connection(['figures', 'events']);
const chart = new RateChart();
const orders = new OrderList();
const placed = new PlacedOrder();

new OrderForm((order) => placed.follow(order));

const events = new LiveStream(
  '/v1/order-events',
  (event) => orders.take(event),
  (isUp) => connection.report('events', isUp),
);

const poll = new StatsPoll(
  (stats) => {
    showFigures(stats);
    chart.show(stats.seconds);
  },
  (isUp) => connection.report('figures', isUp),
);

function run() {
  events.open();
  poll.start();
  orders.start();
}

/** A hidden page makes no requests, except to follow the order it placed. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    poll.stop();
    events.close();
    orders.stop();
    connection.pause();
  } else {
    connection.resume();
    run();
  }
});

run();
