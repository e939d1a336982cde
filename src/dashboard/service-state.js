import { may } from './allowed.js';
import { Poll } from './poll.js';

/** @typedef {import('./session.js').Principal} Principal */

/**
 * @typedef {object} ServiceStateOptions
 * @property {import('./api.js').Api} api
 * @property {import('./connection.js').Connection} connection
 * @property {() => boolean} isOverview it shows all figures, and more often
 * @property {(stats: import('./api-types.d.ts').Stats) => void} onStats
 * @property {(detail: string) => void} onDenied
 */

const OVERVIEW_MS = 2000;
const ELSEWHERE_MS = 5000;
const READINESS_MS = 10_000;
const TIMEOUT_MS = 5000;
const SHOWN_SECONDS = 120;

/**
 * Tells whether the service works: by its statistics, or, for readers who may not see these, by its readiness.
 * @param {ServiceStateOptions} options
 */
export function serviceState({ api, connection, isOverview, onStats, onDenied }) {
  const figures = new Poll({
    async read(signal) {
      const seconds = isOverview() ? SHOWN_SECONDS : 0;
      /** @type {import('./api-types.d.ts').Stats} */
      const stats = await api.get(`/v1/stats?seconds=${seconds}`, signal, TIMEOUT_MS);
      if (signal.aborted) return;
      connection.setDependencies(stats.dependencies);
      onStats(stats);
    },
    intervalMs: () => (isOverview() ? OVERVIEW_MS : ELSEWHERE_MS),
    onSuccess: () => connection.report('figures', true),
    onProblem({ status, detail }, waitMs) {
      if (status === 403) onDenied(detail);
      else if (waitMs === undefined) connection.drop('figures');
      else connection.report('figures', false);
    },
  });
  const readiness = new Poll({
    read: (signal) => api.get('/readyz', signal, TIMEOUT_MS),
    intervalMs: () => READINESS_MS,
    onSuccess() {
      connection.setReady(true);
      connection.report('readiness', true);
    },
    onProblem({ status }, waitMs) {
      // A gateway may hide it.
      if (waitMs === undefined) return connection.drop('readiness');
      if (status === 503) connection.setReady(false);
      connection.report('readiness', status !== undefined);
    },
  });
  return {
    /** The name by which it reports to the connection. @param {Principal} principal */
    sourceFor: (principal) => (may(principal, 'stats:read') ? 'figures' : 'readiness'),
    /** @param {Principal} principal */
    start(principal) {
      (may(principal, 'stats:read') ? figures : readiness).start();
    },
    stop() {
      figures.stop();
      readiness.stop();
    },
  };
}
