import { anOrder } from '../../support/order-client.ts';
import { atRate } from '../at-rate.ts';
import { patient, type Attack } from '../attack.ts';
import { hostileRequest } from '../hostile-request.ts';
import { BATCH, BODY_BYTES } from '../hostile-orders.ts';

const ORDERS = 100;

/** Half of the time to place them, half to list them. */
export const largeOrders: Attack = {
  name: 'large-orders',
  does: 'places orders of 4 MiB inside batches, then lists a hundred at once',
  async run(scene) {
    const order = anOrder({ customerId: 'c-hostile', metadata: { note: 'x'.repeat(BODY_BYTES - 512) } });
    const body = Buffer.from(JSON.stringify({ orders: [order] }));
    const half = AbortSignal.any([scene.signal, AbortSignal.timeout(scene.seconds * 500)]);
    const until = patient(scene);
    await atRate({ signal: half }, { perSecond: 20, maxInFlight: 4, count: ORDERS }, async (index) => {
      const { text } = await hostileRequest(until, BATCH, { body, from: index });
      if (text.includes('"status":202')) scene.tally.found('an order of 4 MiB was accepted in a batch');
    });
    await atRate(scene, { perSecond: 2, maxInFlight: 4 }, (index) =>
      hostileRequest(until, '/v1/orders?limit=100', { from: index }),
    );
  },
};
