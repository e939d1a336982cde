import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import t from 'tap';
import { callerOf, readIdempotencyKey } from '../../src/http/schemas/idempotency-key.ts';

function request(...rawHeaders: string[]): IncomingMessage {
  const message = new IncomingMessage(new Socket());
  message.rawHeaders = rawHeaders;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    const value = rawHeaders[index + 1] ?? '';
    const before = message.headers[name];
    message.headers[name] = before === undefined ? value : `${String(before)}, ${value}`;
  }
  return message;
}

await t.test('a key is the same with and without quotes', async (t) => {
  t.equal(readIdempotencyKey(request('Idempotency-Key', 'k-1')), 'k-1');
  t.equal(readIdempotencyKey(request('idempotency-key', '"k-1"')), 'k-1');
  t.equal(readIdempotencyKey(request('Idempotency-Key', ' k 1 ')), 'k 1');
  t.equal(readIdempotencyKey(request('Idempotency-Key', String.raw`"a\"b\\c"`)), String.raw`a"b\c`);
  t.equal(readIdempotencyKey(request('Idempotency-Key', 'a,b')), 'a,b', 'a comma is part of a key');
  t.equal(readIdempotencyKey(request('Idempotency-Key', 'x'.repeat(255)))?.length, 255);
});

await t.test('without the header there is no key', async (t) => {
  t.equal(readIdempotencyKey(request('Accept', '*/*')), undefined);
});

await t.test('what is no key is refused', async (t) => {
  const bad = ['', '   ', 'x'.repeat(256), 'käse', 'a\tb', '""', '"open', '"a"b"', String.raw`"a\b"`];
  for (const value of bad) {
    t.throws(
      () => readIdempotencyKey(request('Idempotency-Key', value)),
      { code: 'idempotency-key-invalid' },
      JSON.stringify(value),
    );
  }
});

await t.test('two headers are refused even when they are alike', async (t) => {
  t.throws(() => readIdempotencyKey(request('Idempotency-Key', 'a', 'IDEMPOTENCY-KEY', 'a')), {
    code: 'idempotency-key-invalid',
  });
});

await t.test('the caller is told by the credentials, which are not kept', async (t) => {
  const alice = callerOf(request('Authorization', 'Bearer alice'));
  t.equal(callerOf(request('Authorization', 'Bearer alice')), alice);
  t.not(callerOf(request('Authorization', 'Bearer bob')), alice);
  t.notMatch(alice, /alice/);
  t.equal(callerOf(request('Accept', '*/*')), 'anonymous');
});
