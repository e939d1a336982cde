import { may, missing, showAllowed } from './allowed.js';
import { Connection } from './connection.js';
import { element } from './elements.js';
import { showFigures } from './figures.js';
import { showIdentity, showNotice } from './identity.js';
import { LiveStream } from './live-stream.js';
import { OrderForm } from './order-form.js';
import { OrderList } from './order-list.js';
import { PlacedOrder } from './placed-order.js';
import { RateChart } from './rate-chart.js';
import { Session } from './session.js';
import { SignIn } from './sign-in.js';
import { StatsPoll } from './stats-poll.js';
import { tokenStore } from './token-store.js';

/** What the page shows of each source, and the scope that it needs. */
const SCOPES = { figures: 'stats:read', events: 'orders:read' };

const session = new Session({
  store: tokenStore,
  onChange: showSession,
  onSoon: () => showNotice('Your token or key expires in less than a minute.', 'Sign in again'),
  onConnection: (isUp) => connection.report('session', isUp),
});
const signIn = new SignIn(session);
const connection = new Connection();
const chart = new RateChart();
const orders = new OrderList(() => session.principal?.authentication === false);
const placed = new PlacedOrder(session);
const form = new OrderForm(session, (order) => placed.follow(order));

/** Whose data the page shows; undefined before the first answer. @type {string | undefined} */
let shownFor;

const events = new LiveStream('/v1/order-events', {
  caller: session,
  onEvent: (event) => orders.take(event),
  onConnection: (isUp) => connection.report('events', isUp),
  onDenied: ({ detail }) => showDenied('events', detail),
});

const poll = new StatsPoll({
  caller: session,
  onStats: (stats) => {
    showFigures(stats);
    chart.show(stats.seconds);
  },
  onConnection: (isUp) => connection.report('figures', isUp),
  onDenied: ({ detail }) => showDenied('figures', detail),
});

/**
 * @param {keyof typeof SCOPES} source
 * @param {string} detail
 */
function showDenied(source, detail) {
  connection.drop(source);
  showNotice(detail, 'Sign in again');
}

function stop() {
  poll.stop();
  events.close();
  orders.stop();
  connection.pause();
}

function run() {
  const { principal, isActive } = session;
  if (!isActive || principal === undefined) return;
  const sources = Object.entries(SCOPES).filter(([, scope]) => may(principal, scope));
  connection.resume(sources.map(([name]) => name));
  if (may(principal, SCOPES.figures)) poll.start();
  if (!may(principal, SCOPES.events)) return;
  events.open();
  orders.start();
}

function showSession() {
  const { principal, isActive, endedBecause } = session;
  stop();
  placed.pause();
  forgetOthers();
  showAllowed(principal);
  showIdentity(principal);
  if (!isActive || principal === undefined) {
    showNotice(endedBecause || 'Sign in to continue.', 'Sign in');
    signIn.open(endedBecause);
    return;
  }
  signIn.close();
  showNotice(missing(principal));
  form.fix(principal);
  placed.resume();
  if (!document.hidden) run();
}

/** Clears the page if another caller has signed in. The same caller goes on where the page stopped. */
function forgetOthers() {
  const { principal } = session;
  const owner = JSON.stringify([principal?.name, principal?.customerId, principal?.merchantId]);
  const isSame = shownFor === undefined || shownFor === owner;
  shownFor = owner;
  if (isSame) return;
  events.forget();
  orders.clear();
  placed.clear();
  form.clear();
}

element('sign-out').addEventListener('click', () => session.signOut());
element('notice-button').addEventListener('click', () => signIn.open(session.endedBecause));

/** A hidden page makes no requests, except to follow the order it placed. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    stop();
    events.forget();
  } else run();
});

void session.start();
