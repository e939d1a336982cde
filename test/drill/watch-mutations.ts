import { findStored, type Mutation } from './mutation-helpers.ts';
import type { Run } from './valid-run.ts';
import { lostSpan, STEP, timeOf } from './valid-times.ts';
import type { WatchLog } from './watch-log.ts';

/** What can go wrong with what watchers are told. */
export const WATCH_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a watcher is never told a version',
    finding: 'lost',
    apply: (run) => {
      const { order } = findStored(run);
      const { told } = lastWatcher(run);
      const index = told.findIndex(({ orderId }) => orderId === order.id);
      told.splice(index, 1);
    },
  },
  {
    name: 'a watcher is told a version twice',
    finding: 'duplicated',
    apply: (run) => {
      const { order } = findStored(run);
      const { told } = lastWatcher(run);
      const change = told.find(({ orderId }) => orderId === order.id);
      if (change !== undefined) told.splice(told.indexOf(change), 0, { ...change });
    },
  },
  {
    name: 'a watcher is told a later version first',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order } = findStored(run, undefined, 'preparing');
      const { told } = lastWatcher(run);
      const [first, second] = told.filter(({ orderId }) => orderId === order.id);
      if (first === undefined || second === undefined) return;
      [first.version, second.version] = [second.version, first.version];
    },
  },
  {
    name: 'a watcher is told a version that is in no history',
    finding: 'unexpected',
    apply: (run) => {
      const change = { orderId: 'order-x', version: 1, status: 'confirmed', at: timeOf(10) } as const;
      lastWatcher(run).told.unshift(change);
    },
  },
  {
    name: 'a resume token is refused although nothing was lost',
    finding: 'unexpected',
    apply: (run) => lastWatcher(run).resumes.push({ tokenAt: timeOf(50), at: timeOf(60), status: 410 }),
  },
  {
    name: 'a resume token is refused before the backup is put back',
    finding: 'unexpected',
    apply: (run) => {
      const { until } = lostSpan();
      lastWatcher(run).resumes.push({ tokenAt: until - 100, at: until - 50, status: 410 });
    },
  },
  {
    name: 'a resume token gets a wrong response',
    finding: 'unexpected',
    apply: (run) => lastWatcher(run).resumes.push({ tokenAt: timeOf(50), at: timeOf(60), status: 400 }),
  },
  {
    name: 'a resume token of a lost future is accepted at once',
    finding: 'unexpected',
    apply: (run) => {
      const { until } = lostSpan();
      lastWatcher(run).resumes.push({ tokenAt: until - 1, at: until + 1, status: 200 });
    },
  },
  {
    name: 'a resume token of a lost future is accepted once the new history has overtaken it',
    finding: 'unexpected',
    apply: (run) => {
      const { until } = lostSpan();
      lastWatcher(run).probes.push({ tokenAt: until - 1, at: timeOf(299 * STEP), status: 200 });
    },
  },
];

function lastWatcher({ watchLogs }: Run): WatchLog {
  const watchLog = watchLogs.at(-1);
  if (watchLog === undefined) throw new Error('The run has no watcher');
  return watchLog;
}
