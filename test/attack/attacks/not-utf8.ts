import { anOrder } from '../../support/order-client.ts';
import { atRate } from '../at-rate.ts';
import type { Attack } from '../attack.ts';
import { BATCH, BODY_BYTES } from '../hostile-orders.ts';
import { hostileRequest } from '../hostile-request.ts';

export const notUtf8: Attack = {
  name: 'not-utf8',
  does: 'sends bodies that are not UTF-8, small ones and some of 4 MiB',
  async run(scene) {
    const small = Buffer.from(JSON.stringify(anOrder({ metadata: { name: 'Caf\xe9' } })), 'latin1');
    const large = Buffer.alloc(BODY_BYTES, 0xe9);
    const orders = atRate(scene, { perSecond: 20, maxInFlight: 20 }, async (index) => {
      const { status } = await hostileRequest(scene, '/v1/orders', { body: small, from: index });
      if (status === 202) scene.tally.found('a body that is not UTF-8 was accepted');
    });
    const batches = atRate(scene, { perSecond: 1, maxInFlight: 1 }, (index) =>
      hostileRequest(scene, BATCH, { body: large, from: index }),
    );
    await Promise.all([orders, batches]);
  },
};
