import { create, element, setText } from './elements.js';
import { count, duration, rate } from './format.js';
import { reasonText } from './parts/labels.js';
import { hrefOf } from './routes.js';

/** @typedef {import('./api-types.d.ts').Stats} Stats */

/** Which replica answered. @param {Stats} stats */
export function showReplica({ replica, role, version, uptimeSeconds }) {
  const release = version === undefined ? '' : `, version ${version}`;
  setText('about', `Replica ${replica}, role ${role}${release}, up ${duration(uptimeSeconds * 1000)}`);
}

/** @param {Stats} stats */
export function showFigures(stats) {
  const { totals, perSecond, latency, backlog, retries, watchers } = stats;
  setText('accepted-rate', rate(perSecond.accepted));
  setText('accepted-total', count(totals.accepted));
  setText('confirmed-rate', rate(perSecond.confirmed));
  setText('confirmed-total', count(totals.confirmed));
  setText('failed-rate', rate(perSecond.failed));
  setText('failed-total', count(totals.failed));
  setText('rejected-total', count(totals.rejected));
  setText('backlog', count(backlog.records));
  setText('backlog-age', backlog.records === 0 ? '–' : duration(backlog.oldestAgeMs));
  setText('accept-p50', duration(latency.accept.p50));
  setText('accept-p99', duration(latency.accept.p99));
  setText('confirm-p50', duration(latency.acceptToConfirmed.p50));
  setText('confirm-p99', duration(latency.acceptToConfirmed.p99));
  setText('retries', count(retries.waiting));
  setText('watchers', count(watchers));
  showDeadLetters(stats.deadLetters);
}

/** @param {Stats['deadLetters']} deadLetters */
function showDeadLetters({ open, reasons }) {
  setText('dead-letters', count(open));
  const list = element('reasons');
  const text = JSON.stringify(reasons);
  if (list.dataset.shown === text) return;
  list.dataset.shown = text;
  const byCount = Object.entries(reasons).sort(([, one], [, other]) => other - one);
  list.replaceChildren(
    ...byCount.map(([reason, number]) => {
      const row = create('li');
      const meter = create('meter');
      meter.setAttribute('max', String(open));
      meter.setAttribute('value', String(number));
      meter.setAttribute('aria-label', `Share of ${reason}`);
      const link = create('a', reasonText(reason));
      link.setAttribute('href', hrefOf('dead-letters', { query: { reason } }));
      row.append(link, create('b', count(number)), meter);
      return row;
    }),
  );
}
