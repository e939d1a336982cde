import { addLetter } from './clean-world.ts';
import { anyWith, dropLetters, followed } from './damage-tools.ts';
import type { Damage } from './damages.ts';

/** What goes wrong behind an order that fails for good, in the store's parking place, and on `orders.status`. */
export const DAMAGES_OF_RETRIES: readonly Damage[] = [
  {
    name: 'of two transitions that waited behind a failed order the first is no dead letter',
    finding: 'lost',
    do: (world) => {
      const { entry, followers } = followed(world);
      dropLetters(world, followers.slice(0, 1));
      // No other order tells how far the pipeline had come.
      for (const other of world.ledger.entries) if (other !== entry) other.location = undefined;
    },
  },
  {
    name: 'no transition that waited behind a failed order is a dead letter',
    finding: 'lost',
    do: (world) => dropLetters(world, followed(world).followers),
  },
  {
    name: 'more dead letters waited behind a failed order than were sent',
    finding: 'unexplained',
    do: (world) => {
      const { order, entry } = followed(world);
      for (let count = 0; count <= entry.wishes.length; count += 1) {
        addLetter(world, { orderId: order.id, reason: 'predecessor-failed' });
      }
    },
  },
  {
    name: 'an order that nobody was told of still waits for a retry',
    finding: 'stuck',
    do: (world) => world.parked.push({ orderId: 'order-x', attempts: 3, events: 1, isSettled: false }),
  },
  {
    name: 'an order that was retried is never published',
    finding: 'stuck',
    do: (world) => world.parked.push({ orderId: 'order-x', attempts: 3, events: 0, isSettled: true }),
  },
  {
    name: 'the processing does not come to its end in time',
    finding: 'stuck',
    do: (world) => {
      world.isSettled = false;
    },
  },
  {
    name: 'a version is not on orders.status',
    finding: 'lost',
    do: (world) => {
      const { order } = anyWith(world);
      const isLast = ({ orderId, version }: { orderId: string; version: number }) =>
        orderId === order.id && version === order.version;
      world.publishedStatuses = world.publishedStatuses.filter((published) => !isLast(published));
    },
  },
  {
    name: 'a later version came to orders.status first',
    finding: 'outOfOrder',
    do: (world) => {
      anyWith(world, undefined, 'preparing');
      world.publishedStatuses.reverse();
    },
  },
  {
    name: 'a status is on orders.status and in no history',
    finding: 'unexplained',
    do: (world) => world.publishedStatuses.push({ orderId: 'order-x', version: 1, status: 'confirmed' }),
  },
];
