import t from 'tap';
import { hasCode } from '../../src/base/errors.ts';
import { formatPosition, parsePosition } from '../../src/base/position.ts';

await t.test('a position survives formatting and parsing', async (t) => {
  for (const position of [
    { partition: 0, offset: 0 },
    { partition: 11, offset: 123_456_789_012_345 },
    { partition: 999_999_999, offset: 1 },
  ]) {
    t.same(parsePosition(formatPosition(position)), position);
  }
  t.equal(formatPosition({ partition: 3, offset: 42 }), '3-42');
});

await t.test('malformed positions are refused', async (t) => {
  const wrong = [
    '',
    '3',
    '3-',
    '-3',
    '3-42-1',
    ' 3-42',
    '3-42\n',
    '3--42',
    'a-b',
    '3-1e3',
    '3-1234567890123456',
  ];
  for (const text of wrong) {
    const thrown = t.throws(() => parsePosition(text), Error, JSON.stringify(text));
    t.ok(hasCode(thrown, 'position-invalid'), `the code for ${JSON.stringify(text)}`);
  }
});
