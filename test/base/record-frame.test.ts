import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';

const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
const record = fc.record(
  {
    partition: fc.integer({ min: 0, max: 10_000 }),
    offset: fc.maxSafeNat(),
    timestamp: fc.maxSafeNat(),
    key: fc.option(bytes, { nil: null }),
    value: fc.option(bytes, { nil: null }),
  },
  { noNullPrototype: true },
);

await t.test(
  'what is put into a frame comes out of it byte for byte, null and empty told apart',
  async () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 50 }), (records) => {
        const copied = decodeRecordFrame(structuredClone(encodeRecordFrame(records)));
        return isDeepStrictEqual(copied, records);
      }),
    );
  },
);
