import t from 'tap';
import { entityTag, matchesEntityTag } from '../../src/http/routes/read-order.ts';
import { readIdempotencyKey } from '../../src/http/schemas/idempotency-key.ts';
import { preferredWait } from '../../src/http/schemas/prefer.ts';
import { requestWith } from './request-with.ts';

await t.test('If-None-Match: weak comparison, lists and a star', async (t) => {
  const tag = entityTag(2);
  t.equal(tag, '"2"');
  for (const header of ['"2"', 'W/"2"', '"1", "2"', '"1",W/"2" ,"3"', '*', ' * ']) {
    t.equal(matchesEntityTag(header, tag), true, header);
  }
  for (const header of [undefined, '', '"1"', '2', '"22"', '"1", W/"3"', 'W/2']) {
    t.equal(matchesEntityTag(header, tag), false, String(header));
  }
});

await t.test('Prefer: the seconds of wait', async (t) => {
  for (const [header, seconds, why] of [
    [undefined, undefined, 'no header'],
    ['wait=5', 5, 'plain'],
    ['WAIT = 5', 5, 'names are case-insensitive, white space around = is allowed'],
    ['wait="5"', 5, 'a quoted value means the same'],
    ['respond-async, wait=10', 10, 'one of several preferences'],
    ['wait=10; foo=bar', 10, 'with parameters'],
    ['foo="a, wait=3", wait=7', 7, 'a quoted comma does not separate'],
    ['wait=5, wait=9', 5, 'the first counts'],
    ['wait=0', 0, 'not waiting is a preference too'],
    ['wait=3600', 30, 'capped'],
    ['wait', undefined, 'no value'],
    ['wait=', undefined, 'empty value'],
    ['wait=-1', undefined, 'negative'],
    ['wait=1.5', undefined, 'fractional'],
    ['wait=5s', undefined, 'with a unit'],
    ['wait="5', undefined, 'unclosed quote'],
    ['await=5', undefined, 'another name'],
    ['handling=lenient', undefined, 'another preference'],
    [',,;=";', undefined, 'garbage'],
  ] as const) {
    t.equal(preferredWait(header), seconds, `${String(header)}: ${why}`);
  }
});

await t.test('Prefer: a header made to be slow to match is ignored', async (t) => {
  const times = Array.from({ length: 5 }, () => {
    const before = performance.now();
    t.equal(preferredWait(String.raw`"\"`.repeat(5_000)), undefined);
    return performance.now() - before;
  });
  // The quickest: the other rounds may have shared the processor with another program.
  t.ok(Math.min(...times) < 100, times.join(', '));
});

await t.test('Idempotency-Key: quotes do not matter', async (t) => {
  t.equal(readIdempotencyKey(requestWith('Idempotency-Key', 'k-1')), 'k-1');
  t.equal(readIdempotencyKey(requestWith('idempotency-key', '"k-1"')), 'k-1');
  t.equal(readIdempotencyKey(requestWith('Idempotency-Key', ' k 1 ')), 'k 1');
  t.equal(readIdempotencyKey(requestWith('Idempotency-Key', String.raw`"a\"b\\c"`)), String.raw`a"b\c`);
  t.equal(readIdempotencyKey(requestWith('Idempotency-Key', 'a,b')), 'a,b', 'a comma is part of a key');
  t.equal(readIdempotencyKey(requestWith('Idempotency-Key', 'x'.repeat(255)))?.length, 255);
  t.equal(readIdempotencyKey(requestWith('Accept', '*/*')), undefined, 'no header, no key');
});

await t.test('Idempotency-Key: a malformed key is refused', async (t) => {
  const bad = ['', '   ', 'x'.repeat(256), 'käse', 'a\tb', '""', '"open', '"a"b"', String.raw`"a\b"`];
  for (const value of bad) {
    t.throws(
      () => readIdempotencyKey(requestWith('Idempotency-Key', value)),
      { code: 'idempotency-key-invalid' },
      JSON.stringify(value),
    );
  }
});

await t.test('Idempotency-Key: two headers are refused, even if they are equal', async (t) => {
  t.throws(() => readIdempotencyKey(requestWith('Idempotency-Key', 'a', 'IDEMPOTENCY-KEY', 'a')), {
    code: 'idempotency-key-invalid',
  });
});
