import t from 'tap';
import { lossesOf, type SentOrder } from '../../../bench/rivals/losses.ts';

const accepted = (customerId: string, id: string): SentOrder => ({
  customerId,
  outcome: { acknowledged: id },
});
const refused = (customerId: string): SentOrder => ({ customerId, outcome: { refused: 503 } });
const unanswered = (customerId: string): SentOrder => ({ customerId, outcome: 'no answer' });

await t.test('an acknowledged order that was not kept is lost', async (t) => {
  const sent = [accepted('a', '1'), accepted('b', '2')];
  t.match(lossesOf(sent, [{ id: '1', customerId: 'a' }]), {
    acknowledged: 2,
    lost: 1,
    keptUnacknowledged: 0,
  });
});

await t.test('a refused or unanswered order that was kept counts, and is not lost', async (t) => {
  const sent = [refused('a'), unanswered('b'), refused('c')];
  const kept = ['a', 'b'].map((customerId) => ({ id: `id-${customerId}`, customerId }));
  t.match(lossesOf(sent, kept), {
    acknowledged: 0,
    refused: 2,
    unanswered: 1,
    lost: 0,
    keptUnacknowledged: 2,
  });
});

await t.test('an order that was sent once and kept twice is duplicated', async (t) => {
  const kept = [
    { id: '1', customerId: 'a' },
    { id: '1', customerId: 'a' },
    { id: '2', customerId: 'b' },
  ];
  t.match(lossesOf([accepted('a', '1'), accepted('b', '2')], kept), { lost: 0, duplicated: 1 });
});

await t.test('orders that the load did not send do not count', async (t) => {
  t.match(lossesOf([], [{ id: '9', customerId: 'start' }]), { duplicated: 0, keptUnacknowledged: 0 });
});
