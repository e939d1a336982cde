import fc from 'fast-check';
import t from 'tap';
import { formatCursor, parseCursor } from '../../../src/store/sql/keyset.ts';

await t.test('a cursor is parsed as it was formatted', async (t) => {
  const cursor = fc.record({ createdAt: fc.maxSafeNat(), seq: fc.maxSafeNat() }, { noNullPrototype: true });
  fc.assert(
    fc.property(cursor, (cursor) => {
      const { createdAt, seq } = parseCursor(formatCursor(cursor));
      return createdAt === cursor.createdAt && seq === cursor.seq;
    }),
  );
  t.pass();
});

await t.test('text that decodes to a cursor but is not written as one is refused', async (t) => {
  const cursor = formatCursor({ createdAt: 1, seq: 1 });
  t.equal(Buffer.from(cursor, 'base64url').toString(), '1.1');
  for (const text of [`${cursor}=`, ` ${cursor}`, `${cursor}.`, cursor.replace('M', 'M\n')]) {
    t.throws(() => parseCursor(text), { code: 'cursor-invalid' });
  }
});
