import { anOrder } from '../../support/order-client.ts';
import { atRate } from '../at-rate.ts';
import { patient, type Attack } from '../attack.ts';
import { BATCH, BODY_BYTES } from '../hostile-orders.ts';
import { hostileRequest } from '../hostile-request.ts';

/** Batches of 4 MiB that cost much more to refuse than to send; two a second, one at a time. */
function costlyBody(name: string, does: string, body: () => Buffer): Attack {
  return {
    name,
    does,
    async run(scene) {
      const bytes = body();
      const until = patient(scene);
      await atRate(scene, { perSecond: 2, maxInFlight: 1 }, (index) =>
        hostileRequest(until, BATCH, { body: bytes, from: index }),
      );
    },
  };
}

export const deepBrackets = costlyBody(
  'deep-brackets',
  'sends bodies of two million nested arrays around a __proto__ key',
  () => {
    const core = '{"__proto__":1}';
    const depth = Math.floor((BODY_BYTES - core.length) / 2);
    return Buffer.from('['.repeat(depth) + core + ']'.repeat(depth));
  },
);

export const metadataPairs = costlyBody('metadata-pairs', 'sends an order with 300 000 metadata pairs', () =>
  batchOf({ ...anOrder(), metadata: numbered(300_000, 'v') }),
);

export const unknownKeys = costlyBody('unknown-keys', 'sends an order with 380 000 unknown fields', () =>
  batchOf({ ...anOrder(), ...numbered(380_000, 0) }),
);

function numbered(count: number, value: string | number): Record<string, string | number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index.toString(36)}`, value]));
}

function batchOf(order: object): Buffer {
  const body = Buffer.from(JSON.stringify({ orders: [order] }));
  if (body.length > BODY_BYTES)
    throw new Error(`The hostile body of ${body.length} bytes is over the limit.`);
  return body;
}
