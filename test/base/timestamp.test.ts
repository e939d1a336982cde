import t from 'tap';
import { parseTimestamp } from '../../src/base/timestamp.ts';

const NEW_YEAR = Date.UTC(2017, 0, 1);

await t.test('RFC 3339 timestamps are read', async (t) => {
  t.equal(parseTimestamp('2016-12-31T23:59:59.250Z'), NEW_YEAR - 750);
  t.equal(parseTimestamp('2017-01-01t01:30:00+01:30'), NEW_YEAR);
  t.equal(parseTimestamp('2016-02-29T00:00:00Z'), Date.UTC(2016, 1, 29));
});

await t.test('a leap second counts as the second after it', async (t) => {
  t.equal(parseTimestamp('2016-12-31T23:59:60Z'), NEW_YEAR);
  t.equal(parseTimestamp('2016-12-31T23:59:60.5Z'), NEW_YEAR + 500);
  t.equal(parseTimestamp('2016-12-31T15:59:60-08:00'), NEW_YEAR);
  t.equal(parseTimestamp('2017-01-01T05:29:60+05:30'), NEW_YEAR);
  t.equal(parseTimestamp('1969-12-31T23:59:60Z'), 0, 'before 1970, too');
});

await t.test('anything else is refused', async (t) => {
  for (const text of [
    '2016-12-31T23:58:60Z',
    '2016-12-31T23:59:60+01:00',
    '2016-12-31T23:59:61Z',
    '2017-02-29T00:00:00Z',
    '2017-02-29T23:59:60Z',
    '2017-01-01T24:00:01Z',
    '2017-01-01',
    '2017-01-01T00:00:00',
    '2017-01-01T00:00:00Z[Europe/Paris]',
    '',
  ]) {
    t.equal(parseTimestamp(text), undefined, text);
  }
});
