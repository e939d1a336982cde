import { OTHERS_TAKE_MS } from './check-slow-calls.ts';
import { findStored, type Mutation } from './mutation-helpers.ts';
import type { Run } from './valid-run.ts';
import { isLost, lostSpan, STEP, timeOf } from './valid-times.ts';

/** What can go wrong around restored copies, slow calls and calls that kill the process. */
export const UNLUCKY_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an order that was acknowledged after a restore is missing',
    finding: 'lost',
    apply: (run) => {
      const isAfter = ({ outcome, acknowledgements: [first] }: Run['ledger']['entries'][number]) =>
        outcome === 'acknowledged' && (first?.at ?? 0) > lostSpan().until;
      const { order } = findStored(run, isAfter);
      run.orders = run.orders.filter((other) => other !== order);
      run.unlisted.set(order.id, undefined);
    },
  },
  {
    name: 'an order of a lost future was acknowledged again after the restore, and is missing',
    finding: 'lost',
    apply: (run) => {
      const entry = findLost(run);
      entry.acknowledgements.push({ at: lostSpan().until + 1, position: undefined });
    },
  },
  {
    name: 'an order of a lost future got 404 before the backup was put back',
    finding: 'lost',
    apply: (run) => findLost(run).notFoundAt.push(lostSpan().until - 1),
  },
  {
    name: 'an order got 404 after a restore that did not lose it',
    finding: 'lost',
    apply: (run) => findStored(run).entry.notFoundAt.push(lostSpan().until + 1),
  },
  {
    name: 'an order that the store had applied before the log went back is missing',
    finding: 'lost',
    apply: (run) => {
      const { position } = findLost(run).acknowledgements[0] ?? {};
      const lost = new Map([[0, (position?.offset ?? 0) + 1]]);
      run.ledger.lostSpans.splice(0, 1, { ...lostSpan(), lost });
    },
  },
  {
    name: 'an order is missing although the log still had everything',
    finding: 'lost',
    apply: (run) => run.ledger.lostSpans.splice(0, 1, { ...lostSpan(), lost: 'nothing' }),
  },
  {
    name: 'slow calls hold up other orders',
    finding: 'stuck',
    apply: (run) => {
      const [from, until] = [timeOf(20 * STEP), timeOf(290 * STEP)];
      run.ledger.slowWindows.splice(0, 1, { calmFrom: timeOf(0), from, until });
      for (const change of run.watchLogs.flatMap(({ told }) => told)) {
        if (change.at > from) change.at += OTHERS_TAKE_MS + 1;
      }
    },
  },
  {
    name: 'an order kills the process again and again',
    finding: 'stuck',
    apply: (run) => {
      run.deaths = 1_000;
    },
  },
  {
    name: 'a process is killed, but no call does that',
    finding: 'unexpected',
    apply: (run) => {
      for (const entry of run.ledger.entries) if (entry.kind === 'killer') entry.outcome = 'refused';
    },
  },
  {
    name: 'an order that kills the process is confirmed',
    finding: 'unexpected',
    apply: (run) => {
      const { entry } = findStored(run, ({ kind }) => kind === 'healthy');
      entry.kind = 'killer';
    },
  },
];

/** An order that was acknowledged, and lost with a restored backup. */
function findLost({ ledger, unlisted }: Run) {
  const entry = ledger.entries.find(({ number, ids: [id = ''] }) => isLost(number) && unlisted.has(id));
  if (entry === undefined) throw new Error('The run is too small: no order was lost');
  return entry;
}
