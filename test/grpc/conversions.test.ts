import t from 'tap';
import { fieldPath } from '../../src/grpc/rich-error.ts';
import { timeOf, toTimestamp } from '../../src/grpc/conversions.ts';

await t.test('a JSON pointer becomes the path of a field', async (t) => {
  t.equal(fieldPath('/customerId'), 'customer_id');
  t.equal(fieldPath('/items/0/unitPrice'), 'items[0].unit_price');
  t.equal(fieldPath('/metadata/aKey~1b'), 'metadata["aKey/b"]');
  t.equal(fieldPath(''), '');
});

await t.test('milliseconds and timestamps are the same moments', async (t) => {
  for (const time of [0, 1, 999, 1_795_803_983_595, -1, -1_000, -1_001]) {
    const timestamp = toTimestamp(time);
    t.ok(timestamp.nanos >= 0 && timestamp.nanos < 1_000_000_000, `nanos of ${time}`);
    t.equal(timeOf(timestamp, '/at'), time);
  }
  t.equal(timeOf(null, '/at'), undefined);
  t.throws(() => timeOf({ seconds: 253_402_300_800, nanos: 0 }, '/at'), { code: 'validation-failed' });
});
