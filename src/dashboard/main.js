import { may, missing, showAllowed } from './allowed.js';
import { Api } from './api.js';
import { Connection } from './connection.js';
import { element } from './elements.js';
import { showReplica } from './figures.js';
import { showIdentity, showNotice } from './identity.js';
import { Navigation } from './navigation.js';
import { Overview } from './overview.js';
import { hrefOf } from './routes.js';
import { ServerClock } from './server-clock.js';
import { serviceState } from './service-state.js';
import { Session } from './session.js';
import { SignIn } from './sign-in.js';
import { tokenStore } from './token-store.js';
import { ViewHost } from './view-host.js';

const connection = new Connection();
const session = new Session({
  store: tokenStore,
  onChange: showSession,
  onSoon: () => showNotice('Your token or key expires in less than a minute.', 'Sign in again'),
  onConnection: (isUp) => connection.report('session', isUp),
});
const signIn = new SignIn(session);
const clock = new ServerClock();
const api = new Api(session, clock);
const navigation = new Navigation(showRoute);
const host = new ViewHost({
  api,
  clock,
  go: (href) => navigation.go(href),
  replace: (href) => navigation.replace(href),
});
const overview = new Overview({
  session,
  onConnection: (isUp) => connection.report('events', isUp),
  onDenied: (detail) => showDenied('events', detail),
});
const service = serviceState({
  api,
  connection,
  isOverview,
  onStats: (stats) => {
    showReplica(stats);
    navigation.count(stats);
    if (isOverview()) overview.show(stats);
  },
  onDenied: (detail) => showDenied('figures', detail),
});

/** Whose data the page shows; undefined before the first answer, empty: no one's. @type {string | undefined} */
let shownFor;

function isOverview() {
  return navigation.route.name === 'overview';
}

/**
 * @param {string} source
 * @param {string} detail
 */
function showDenied(source, detail) {
  connection.drop(source);
  showNotice(detail, 'Sign in again');
}

function stop() {
  service.stop();
  overview.stop();
  host.stop();
  connection.pause();
}

function run() {
  const { principal, isActive } = session;
  if (!isActive || principal === undefined || document.hidden) return;
  const watches = isOverview() && may(principal, 'orders:read');
  connection.resume([service.sourceFor(principal), ...(watches ? ['events'] : [])]);
  service.start(principal);
  if (isOverview()) overview.start(principal);
  else host.start();
}

/** Shows the view that the address names. @param {Event} [navigated] undefined: the page has just loaded, or its reader signed in */
function showRoute(navigated) {
  const { principal, isActive } = session;
  stop();
  // A reader who signs in again goes on where the stream stopped.
  if (navigated !== undefined) overview.forget();
  if (!isActive || principal === undefined) return;
  const { route } = navigation;
  element('overview').hidden = route.name !== 'overview';
  element('view').hidden = route.name === 'overview';
  const title = route.name === 'overview' ? 'Overview' : host.open(route, principal);
  if (route.name === 'overview') host.clear();
  navigation.show(route, title);
  if (navigated !== undefined) element(isOverview() ? 'overview-title' : 'view-title').focus();
  run();
}

function showSession() {
  const { principal, isActive, endedBecause } = session;
  stop();
  overview.pausePlaced();
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
  overview.resumePlaced(principal);
  showRoute();
}

/** Clears the page if another caller has signed in, or the last one has signed out. */
function forgetOthers() {
  const { principal } = session;
  const { name, customerId, merchantId } = principal ?? {};
  const owner = principal === undefined ? '' : JSON.stringify([name, customerId, merchantId]);
  const lastOwner = shownFor;
  shownFor = owner;
  if (lastOwner === undefined || lastOwner === owner) return;
  overview.clear();
  host.clear();
  navigation.clear();
  // The address may name an order of the last caller. Without one, it is where the reader wants to go.
  if (lastOwner !== '') navigation.replace(hrefOf('overview'));
}

element('sign-out').addEventListener('click', () => session.signOut());
element('notice-button').addEventListener('click', () => signIn.open(session.endedBecause));

/** A hidden page makes no requests, except to follow the order it placed. */
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    stop();
    overview.forget();
  } else run();
});

void session.start();
