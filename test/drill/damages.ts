import { addLetter, type World } from './clean-world.ts';
import { anyWith, become, lifeOf, setHistory, unlist } from './damage-tools.ts';
import { DAMAGES_OF_RETRIES } from './damages-of-retries.ts';
import type { FindingKind } from './findings.ts';
import type { ListedOrder } from './read-back-types.ts';

/** One way in which a service could break its word, and what the checker must call it. */
export interface Damage {
  name: string;
  finding: FindingKind;
  do: (world: World) => void;
}

export const DAMAGES: readonly Damage[] = [
  ...DAMAGES_OF_RETRIES,
  { name: 'an acknowledged order is not there', finding: 'lost', do: (world) => unlist(world, undefined) },
  {
    name: 'an acknowledged order is still accepted',
    finding: 'stuck',
    do: (world) => unlist(world, 'accepted'),
  },
  {
    name: 'an acknowledged transition is not there',
    finding: 'lost',
    do: (world) => {
      const { order, history } = anyWith(
        world,
        ({ wishes }) => wishes[0]?.outcome === 'acknowledged',
        'preparing',
      );
      setHistory(world, order, history.slice(0, 1));
    },
  },
  {
    name: 'an acknowledged order was answered with 404',
    finding: 'lost',
    do: (world) => anyWith(world).entry.wrongAnswers.push({ kind: 'lost', detail: '404' }),
  },
  {
    name: 'an undecodable record is no dead letter',
    finding: 'lost',
    do: (world) => world.ledger.undecodable.push({ partition: 7, offset: 7 }),
  },
  {
    name: 'a dead letter is not on orders.dlq',
    finding: 'lost',
    do: (world) => world.deadLetterCopies.pop(),
  },
  {
    name: 'the list shows an order twice',
    finding: 'twice',
    do: (world) => world.orders.push({ ...anyWith(world).order }),
  },
  {
    name: 'an order is stored under two ids',
    finding: 'twice',
    do: (world) => {
      const { order, history } = anyWith(world, ({ kind }) => kind === 'healthy');
      world.orders.push({ ...order, id: 'order-again' });
      world.histories.set('order-again', history);
    },
  },
  {
    name: 'a key was answered with two orders',
    finding: 'twice',
    do: (world) => {
      const { entry, order, history } = anyWith(world);
      entry.ids.push('order-other');
      world.orders.push({ ...order, id: 'order-other', number: undefined });
      world.histories.set('order-other', history);
    },
  },
  {
    name: 'an order has two first versions',
    finding: 'twice',
    do: (world) => {
      const { order, history } = anyWith(world);
      setHistory(world, order, [...history.slice(0, 1), ...history]);
    },
  },
  {
    name: 'a transition was done twice',
    finding: 'twice',
    do: (world) => {
      const { order, history } = anyWith(world);
      const [last] = history.slice(-1);
      if (last !== undefined) setHistory(world, order, [...history, { ...last, version: last.version + 1 }]);
    },
  },
  {
    name: 'a failed order has two dead letters',
    finding: 'twice',
    do: (world) => {
      const { order } = anyWith(world, ({ kind }) => kind === 'poison');
      addLetter(world, { orderId: order.id, reason: 'processor-failed' });
    },
  },
  {
    name: 'a record is two dead letters',
    finding: 'twice',
    do: (world) => addLetter(world, { ...world.deadLetters.at(-1), id: 99_999 }),
  },
  {
    name: 'versions are not in their order',
    finding: 'outOfOrder',
    do: (world) => {
      const { order, history } = anyWith(world, undefined, 'preparing');
      setHistory(world, order, history.toReversed());
    },
  },
  {
    name: 'a version is left out',
    finding: 'outOfOrder',
    do: (world) => {
      const { order, history } = anyWith(world);
      setHistory(
        world,
        order,
        history.map((entry) => ({ ...entry, version: entry.version + 1 })),
      );
    },
  },
  {
    name: 'time runs backwards',
    finding: 'outOfOrder',
    do: (world) => {
      const { order, history } = anyWith(world, undefined, 'preparing');
      setHistory(
        world,
        order,
        history.map((entry) => ({ ...entry, at: 9_000 - entry.at })),
      );
    },
  },
  {
    name: 'an order that waited was cancelled before it was confirmed',
    finding: 'outOfOrder',
    do: (world) => {
      const { order } = anyWith(world, ({ kind }) => kind === 'transient');
      setHistory(world, order, lifeOf('cancelled'));
    },
  },
  {
    name: 'transitions were done in another order than requested',
    finding: 'outOfOrder',
    do: (world) => {
      const { order } = anyWith(world, undefined, 'dispatched');
      setHistory(world, order, lifeOf('confirmed', 'dispatched', 'preparing', 'delivered'));
    },
  },
  {
    name: 'there is an order that nobody sent',
    finding: 'unexplained',
    do: (world) => {
      const order: ListedOrder = { ...anyWith(world).order, id: 'order-strange', number: 9_999_999 };
      world.orders.push(order);
      world.histories.set(order.id, lifeOf(order.status));
    },
  },
  {
    name: 'a refused order is there',
    finding: 'unexplained',
    do: (world) => {
      const stored = anyWith(world, ({ outcome }) => outcome === 'unknown');
      stored.entry.outcome = 'refused';
    },
  },
  {
    name: 'a healthy order failed',
    finding: 'unexplained',
    do: (world) => become(world, 'healthy', 'failed'),
  },
  {
    name: 'a poisonous order was confirmed',
    finding: 'unexplained',
    do: (world) => become(world, 'poison', 'confirmed'),
  },
  {
    name: 'nobody asked for a transition',
    finding: 'unexplained',
    do: (world) => {
      const { order } = anyWith(world, ({ kind, wishes }) => kind === 'healthy' && wishes.length === 0);
      setHistory(world, order, lifeOf('confirmed', 'cancelled'));
    },
  },
  {
    name: 'a failed order has no dead letter',
    finding: 'unexplained',
    do: (world) => {
      world.deadLetters = world.deadLetters.filter(({ reason }) => reason !== 'processor-failed');
    },
  },
  {
    name: 'the dead letter of a failed order is not open',
    finding: 'unexplained',
    do: (world) => {
      for (const letter of world.deadLetters) letter.state = 'discarded';
    },
  },
  {
    name: 'a healthy order is a dead letter',
    finding: 'unexplained',
    do: (world) => {
      const { order } = anyWith(world, ({ kind }) => kind === 'healthy');
      addLetter(world, { orderId: order.id, reason: 'processor-failed' });
    },
  },
  {
    name: 'a record is on orders.dlq and no dead letter',
    finding: 'unexplained',
    do: (world) => world.deadLetterCopies.push({ partition: 9, offset: 9, reason: 'processor-failed' }),
  },
  {
    name: 'the list and the history differ',
    finding: 'unexplained',
    do: (world) => {
      anyWith(world).order.version += 1;
    },
  },
];
