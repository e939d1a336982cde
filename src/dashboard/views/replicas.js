import { h } from '../build.js';
import { table } from '../parts/table.js';
import { HIDDEN_BY_GATEWAY } from './view.js';

/** @typedef {import('../api-types.d.ts').Replica} Replica */

const COLUMNS = [
  { label: 'Replica' },
  { label: 'Role' },
  { label: 'Version' },
  { label: 'Node.js' },
  { label: 'Host' },
  { label: 'Started' },
  { label: 'Last seen' },
  { label: 'Partitions' },
];

/** The processes of the service. @param {import('./view.js').Context} context @returns {import('./view.js').View} */
export function replicasView({ api, times }) {
  return {
    title: 'Replicas',
    lead: 'The processes of the service. One that has not been seen for a while disappears.',
    scopes: ['stats:read'],
    notFound: HIDDEN_BY_GATEWAY,
    intervalMs: () => 5000,
    async read(signal) {
      /** @type {{data: Replica[]}} */
      const { data } = await api.get('/v1/replicas', signal);
      const newest = mostCommon(data.map(({ version }) => version));
      const rows = data.map((row) => ({
        key: row.id,
        cells: [
          h('code', {}, row.id),
          row.role,
          row.version === newest
            ? row.version
            : h('b', { class: 'warning', title: 'Another version than most replicas' }, `${row.version} ≠`),
          row.node,
          row.host,
          times.since(row.startedAt),
          times.since(row.seenAt),
          row.partitions.length === 0 ? '–' : row.partitions.join(', '),
        ],
      }));
      return [versions(data), table('Replicas', COLUMNS, rows, 'No replica has registered yet.')];
    },
  };
}

/** @param {Replica[]} replicas */
function versions(replicas) {
  const found = [...new Set(replicas.map(({ version }) => version))].sort();
  if (found.length < 2) {
    const text = found.length === 0 ? '' : `All replicas run version ${found[0]}.`;
    return h('p', { class: 'summary', 'data-key': 'versions' }, text);
  }
  const text = `The replicas run different versions: ${found.join(', ')}. During a rolling upgrade this is normal; otherwise restart the old ones.`;
  return h('p', { class: 'callout', 'data-key': 'different' }, text);
}

/** @param {string[]} values @returns {string | undefined} */
function mostCommon(values) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
