import {
  findStored,
  historyOf,
  setFirstStatus,
  setHistory,
  unlist,
  type Mutation,
} from './mutation-helpers.ts';
import type { ListedOrder } from './read-back-types.ts';

/** What can go wrong with orders and their histories. */
export const ORDER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an acknowledged order is missing',
    finding: 'lost',
    apply: (run) => unlist(run, undefined),
  },
  {
    name: 'an acknowledged order is still accepted',
    finding: 'stuck',
    apply: (run) => unlist(run, 'accepted'),
  },
  {
    name: 'an acknowledged transition is missing',
    finding: 'lost',
    apply: (run) => {
      const { order, history } = findStored(
        run,
        ({ transitions }) => transitions[0]?.outcome === 'acknowledged',
        'preparing',
      );
      setHistory(run, order, history.slice(0, 1));
    },
  },
  {
    name: 'a request for an acknowledged order returned 404',
    finding: 'lost',
    apply: (run) => findStored(run).entry.wrongResponses.push({ kind: 'lost', detail: '404' }),
  },
  {
    name: 'the list shows an order twice',
    finding: 'duplicated',
    apply: (run) => run.orders.push({ ...findStored(run).order }),
  },
  {
    name: 'an order is stored under two ids',
    finding: 'duplicated',
    apply: (run) => {
      const { order, history } = findStored(run, ({ kind }) => kind === 'healthy');
      run.orders.push({ ...order, id: 'order-again' });
      run.histories.set('order-again', history);
    },
  },
  {
    name: 'one key returned two orders',
    finding: 'duplicated',
    apply: (run) => {
      const { entry, order, history } = findStored(run);
      entry.ids.push('order-other');
      run.orders.push({ ...order, id: 'order-other', number: undefined });
      run.histories.set('order-other', history);
    },
  },
  {
    name: 'an order has two first versions',
    finding: 'duplicated',
    apply: (run) => {
      const { order, history } = findStored(run);
      setHistory(run, order, [...history.slice(0, 1), ...history]);
    },
  },
  {
    name: 'a transition was done twice',
    finding: 'duplicated',
    apply: (run) => {
      const { order, history } = findStored(run);
      const [last] = history.slice(-1);
      if (last !== undefined) setHistory(run, order, [...history, { ...last, version: last.version + 1 }]);
    },
  },
  {
    name: 'the versions are reversed',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order, history } = findStored(run, undefined, 'preparing');
      setHistory(run, order, history.toReversed());
    },
  },
  {
    name: 'the first version is missing',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order, history } = findStored(run);
      const shifted = history.map((entry) => ({ ...entry, version: entry.version + 1 }));
      setHistory(run, order, shifted);
    },
  },
  {
    name: 'time runs backwards',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order, history } = findStored(run, undefined, 'preparing');
      const backwards = history.map((entry) => ({ ...entry, at: 9_000 - entry.at }));
      setHistory(run, order, backwards);
    },
  },
  {
    name: 'a retrying order was cancelled before it was confirmed',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order } = findStored(run, ({ kind }) => kind === 'transient');
      setHistory(run, order, historyOf('cancelled'));
    },
  },
  {
    name: 'transitions were not done in the order of their requests',
    finding: 'outOfOrder',
    apply: (run) => {
      const { order } = findStored(run, undefined, 'dispatched');
      setHistory(run, order, historyOf('confirmed', 'dispatched', 'preparing', 'delivered'));
    },
  },
  {
    name: 'an order that was never sent is stored',
    finding: 'unexpected',
    apply: (run) => {
      const order: ListedOrder = { ...findStored(run).order, id: 'order-unknown', number: 9_999_999 };
      run.orders.push(order);
      run.histories.set(order.id, historyOf(order.status));
    },
  },
  {
    name: 'a refused order is stored',
    finding: 'unexpected',
    apply: (run) => {
      findStored(run, ({ outcome }) => outcome === 'unknown').entry.outcome = 'refused';
    },
  },
  {
    name: 'a healthy order failed',
    finding: 'unexpected',
    apply: (run) => setFirstStatus(run, 'healthy', 'failed'),
  },
  {
    name: 'a poison order was confirmed',
    finding: 'unexpected',
    apply: (run) => setFirstStatus(run, 'poison', 'confirmed'),
  },
  {
    name: 'a transition was done without a request',
    finding: 'unexpected',
    apply: (run) => {
      const { order } = findStored(
        run,
        ({ kind, transitions }) => kind === 'healthy' && transitions.length === 0,
      );
      setHistory(run, order, historyOf('confirmed', 'cancelled'));
    },
  },
  {
    name: 'the list and the history differ',
    finding: 'unexpected',
    apply: (run) => {
      findStored(run).order.version += 1;
    },
  },
];
