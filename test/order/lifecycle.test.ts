import t from 'tap';
import { canTransition, isFinal, ORDER_STATUSES } from '../../src/order/lifecycle.ts';
import { LEGAL_STEPS } from './legal-steps.ts';

await t.test('the allowed transitions are exactly those of the contract', async (t) => {
  const allowed = ORDER_STATUSES.flatMap((from) =>
    ORDER_STATUSES.filter((to) => canTransition(from, to)).map((to) => `${from} > ${to}`),
  );
  t.same(new Set(allowed), LEGAL_STEPS);
});

await t.test('a status is final if no request can change it', async (t) => {
  t.same(
    ORDER_STATUSES.filter((status) => isFinal(status)),
    ['rejected', 'failed', 'delivered', 'cancelled'],
  );
});
