import { dropDeadLetters, findExhausted, findStored, type Mutation } from './mutation-helpers.ts';
import { addDeadLetter } from './valid-run.ts';

/** What can go wrong with dead letters, retries and published statuses. */
export const DEAD_LETTER_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an undecodable record is no dead letter',
    finding: 'lost',
    apply: (run) => run.ledger.undecodable.push({ partition: 7, offset: 7 }),
  },
  {
    name: 'a dead letter is missing from orders.dlq',
    finding: 'lost',
    apply: (run) => run.deadLetterCopies.pop(),
  },
  {
    name: 'a record on orders.dlq is no dead letter',
    finding: 'unexpected',
    apply: (run) => run.deadLetterCopies.push({ partition: 9, offset: 9, reason: 'processor-failed' }),
  },
  {
    name: 'a failed order has two dead letters',
    finding: 'duplicated',
    apply: (run) => {
      const { order } = findStored(run, ({ kind }) => kind === 'poison');
      addDeadLetter(run, { orderId: order.id, reason: 'processor-failed' });
    },
  },
  {
    name: 'one record is two dead letters',
    finding: 'duplicated',
    apply: (run) => addDeadLetter(run, { ...run.deadLetters.at(-1), id: 99_999 }),
  },
  {
    name: 'a failed order has no dead letter',
    finding: 'unexpected',
    apply: (run) => {
      run.deadLetters = run.deadLetters.filter(({ reason }) => reason !== 'processor-failed');
    },
  },
  {
    name: 'the dead letter of a failed order is not open',
    finding: 'unexpected',
    apply: (run) => {
      for (const deadLetter of run.deadLetters) deadLetter.state = 'discarded';
    },
  },
  {
    name: 'a healthy order is a dead letter',
    finding: 'unexpected',
    apply: (run) => {
      const { order } = findStored(run, ({ kind }) => kind === 'healthy');
      addDeadLetter(run, { orderId: order.id, reason: 'processor-failed' });
    },
  },
  {
    name: 'the first of two transitions queued behind a failed order is no dead letter',
    finding: 'lost',
    apply: (run) => {
      const { entry, queued } = findExhausted(run);
      dropDeadLetters(run, queued.slice(0, 1));
      // So that no other order proves how far the pipeline had come.
      for (const other of run.ledger.entries) if (other !== entry) other.possibleRecords = 2;
    },
  },
  {
    name: 'no transition queued behind a failed order is a dead letter',
    finding: 'lost',
    apply: (run) => dropDeadLetters(run, findExhausted(run).queued),
  },
  {
    name: 'a failed order has more queued dead letters than were sent',
    finding: 'unexpected',
    apply: (run) => {
      const { order, entry } = findExhausted(run);
      for (let count = 0; count <= entry.transitions.length; count += 1) {
        addDeadLetter(run, { orderId: order.id, reason: 'predecessor-failed' });
      }
    },
  },
  {
    name: 'an order that was never acknowledged is still retrying',
    finding: 'stuck',
    apply: (run) => run.retrying.push({ orderId: 'order-x', attempts: 3, events: 1, isCompleted: false }),
  },
  {
    name: 'a retried order is never published',
    finding: 'stuck',
    apply: (run) => run.retrying.push({ orderId: 'order-x', attempts: 3, events: 0, isCompleted: true }),
  },
  {
    name: 'processing does not finish in time',
    finding: 'stuck',
    apply: (run) => {
      run.isSettled = false;
    },
  },
  {
    name: 'a version is missing from orders.status',
    finding: 'lost',
    apply: (run) => {
      const { order } = findStored(run);
      const isLast = ({ orderId, version }: { orderId: string; version: number }) =>
        orderId === order.id && version === order.version;
      run.publishedStatuses = run.publishedStatuses.filter((published) => !isLast(published));
    },
  },
  {
    name: 'a later version was published first',
    finding: 'outOfOrder',
    apply: (run) => {
      findStored(run, undefined, 'preparing');
      run.publishedStatuses.reverse();
    },
  },
  {
    name: 'a status on orders.status is in no history',
    finding: 'unexpected',
    apply: (run) =>
      run.publishedStatuses.push({ partition: 0, orderId: 'order-x', version: 1, status: 'confirmed' }),
  },
];
