import t from 'tap';
import {
  detailOf,
  errorDetail,
  errorLine,
  errorOf,
  MAX_DETAIL_BYTES,
  MAX_ERRORS,
  plainDetail,
  type ErrorDetail,
} from '../../src/base/error-detail.ts';

await t.test('class, message, stack and causes are kept', (t) => {
  const error = new TypeError('fetch failed', { cause: new RangeError('out of range') });
  const detail = errorDetail(error);
  t.match(detail, {
    class: 'TypeError',
    message: 'fetch failed',
    stack: /^TypeError: fetch failed\n +at .*error-detail.test/,
    cause: { class: 'RangeError', message: 'out of range', stack: /^RangeError/, cause: null },
  });
  t.equal(errorLine(detail), 'fetch failed: out of range');
  t.end();
});

await t.test('a refused fetch says what refused it', async (t) => {
  const thrown: unknown = await fetch('http://127.0.0.1:1/').catch((error: unknown) => error);
  t.match(errorLine(errorDetail(thrown)), /^fetch failed: .+/);
  const unreachable = new AggregateError([new Error('connect ECONNREFUSED ::1:9')], '');
  const refused = new TypeError('fetch failed', { cause: unreachable });
  t.equal(errorLine(errorDetail(refused)), 'fetch failed: connect ECONNREFUSED ::1:9');
});

await t.test('properties of errors other than their texts are left out', (t) => {
  const error = Object.assign(new Error('no access'), { password: 's3cret', command: { args: ['s3cret'] } });
  t.notMatch(JSON.stringify(errorDetail(error)), /s3cret/);
  t.end();
});

await t.test('a class without a name of its own has that of its constructor', (t) => {
  class KitchenClosed extends Error {}
  t.equal(errorDetail(new KitchenClosed('closed')).class, 'KitchenClosed');
  t.equal(errorDetail(Object.assign(new Error('x'), { name: 'Odd' })).class, 'Odd');
  t.end();
});

await t.test('the number of causes and the bytes are limited, and every message is kept', (t) => {
  let error = new Error(`0 ${'\u0001'.repeat(10_000)}`);
  for (let index = 1; index < 10; index += 1) {
    error = new Error(`${index} ${'ü'.repeat(10_000)}`, { cause: error });
    error.stack = '    at a\n'.repeat(10_000);
  }
  const detail = errorDetail(error);
  const messages = chain(detail).map(({ message }) => message.slice(0, 1));
  t.same(messages, ['9', '8', '7', '6', '5']);
  t.equal(messages.length, MAX_ERRORS);
  const bytes = Buffer.byteLength(JSON.stringify(detail));
  t.ok(bytes <= MAX_DETAIL_BYTES, `${bytes} bytes`);
  t.ok(errorLine(detail).length <= 500);
  t.match(errorLine(detail), /^9 ü+: 8 ü+: 7 ü+: 6 ü+: 5 ü+$/);
  t.end();
});

await t.test('anything can be thrown', (t) => {
  const hostile = new Proxy(new Error('hidden'), {
    get() {
      throw new Error('no');
    },
  });
  for (const thrown of ['text', undefined, null, 7, Object.create(null) as unknown, hostile, '\ud800']) {
    const detail = errorDetail(thrown);
    t.equal(typeof errorLine(detail), 'string');
    t.ok(Buffer.from(JSON.stringify(detail)).length > 0);
  }
  t.same(errorDetail('text'), { class: 'string', message: 'text', stack: null, cause: null });
  const circular = new Error('one');
  circular.cause = new Error('two', { cause: circular });
  t.equal(errorLine(errorDetail(circular)), 'one: two');
  t.end();
});

await t.test('a message that contains its cause is not repeated', (t) => {
  const error = new Error('SQLite refuses a row: too large (SQLITE_TOOBIG).', {
    cause: new Error('too large'),
  });
  t.equal(errorLine(errorDetail(error)), error.message);
  t.end();
});

await t.test('a detail that belongs to an earlier error is not shown', (t) => {
  const detail = errorDetail(new TypeError('earlier'));
  t.match(detailOf('earlier', JSON.stringify(detail)), { class: 'TypeError', message: 'earlier' });
  for (const stored of [JSON.stringify(detail), null, 'no JSON', '{"class":7}']) {
    t.same(detailOf('later', stored), plainDetail('later'));
  }
  t.end();
});

await t.test('a detail becomes an error again', (t) => {
  const detail = errorDetail(new TypeError('outer', { cause: new RangeError('inner') }));
  t.same(errorDetail(errorOf(detail)), detail);
  t.end();
});

function chain(detail: ErrorDetail | null): ErrorDetail[] {
  return detail === null ? [] : [detail, ...chain(detail.cause)];
}
