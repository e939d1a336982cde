import { count } from '../format.js';
import { hrefOf } from '../routes.js';
import { h } from '../build.js';
import { table } from '../parts/table.js';
import { HIDDEN_BY_GATEWAY } from './view.js';

/** @typedef {import('../api-types.d.ts').Partition} Partition */

const COLUMNS = [
  { label: 'Topic' },
  { label: 'Partition', numeric: true },
  { label: 'Lag', numeric: true },
  { label: 'Oldest unprocessed' },
  { label: 'Processed up to', numeric: true },
  { label: 'Ends at', numeric: true },
  { label: 'Owner' },
];

/** The partitions of the event log. @param {import('./view.js').Context} context @returns {import('./view.js').View} */
export function partitionsView({ api, times }) {
  return {
    title: 'Partitions',
    lead: 'The event log by partition: how many records wait, since when, and which replica processes them.',
    scopes: ['stats:read'],
    notFound: HIDDEN_BY_GATEWAY,
    intervalMs: () => 3000,
    async read(signal) {
      /** @type {{data: Partition[]}} */
      const { data } = await api.get('/v1/partitions', signal);
      const rows = data.map((row) => ({
        key: `${row.topic}-${row.partition}`,
        cells: [
          h('code', {}, row.topic),
          String(row.partition),
          h('b', {}, count(row.lag)),
          times.since(row.oldestUnprocessedAt),
          count(row.progress),
          count(row.end),
          owner(row),
        ],
      }));
      return [
        h('p', { class: 'summary', 'data-key': 'summary' }, summary(data)),
        table('Partitions', COLUMNS, rows, 'The event log has no partitions yet.'),
      ];
    },
  };
}

/** @param {Partition[]} partitions */
function summary(partitions) {
  const known = partitions.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  const total = known.reduce((sum, lag) => sum + lag, 0);
  const ownerless = partitions.filter(({ owner }) => owner === null).length;
  const waiting = total === 0 ? 'No record waits.' : `${count(total)} records wait.`;
  if (known.length < partitions.length) return `${waiting} The lag of some partitions is unknown.`;
  if (ownerless === 0) return waiting;
  return `${waiting} No replica processes ${ownerless === 1 ? '1 partition' : `${ownerless} partitions`}.`;
}

/** @param {Partition} partition */
function owner({ owner }) {
  if (owner === null) return h('b', { class: 'warning' }, 'none');
  return h('a', { href: hrefOf('replicas') }, owner.replica);
}
