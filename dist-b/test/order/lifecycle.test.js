import t from 'tap';
import { canTransition, isFinal, ORDER_STATUSES } from "../../src/order/lifecycle.js";
import { LEGAL_STEPS } from "./legal-steps.js";
await t.test('the steps that are allowed are those of the contract and no others', async (t) => {
    const allowed = ORDER_STATUSES.flatMap((from) => ORDER_STATUSES.filter((to) => canTransition(from, to)).map((to) => `${from} > ${to}`));
    t.same(new Set(allowed), LEGAL_STEPS);
});
await t.test('a status is final when no request leads out of it', async (t) => {
    t.same(ORDER_STATUSES.filter((status) => isFinal(status)), ['rejected', 'failed', 'delivered', 'cancelled']);
});
//# sourceMappingURL=lifecycle.test.js.map