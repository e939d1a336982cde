import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { fromThreadError, toThreadError } from '../../src/threads/protocol.ts';

await t.test('an error crosses the boundary of a thread with its code, stack and causes', (t) => {
  const cause = Object.assign(new TypeError('terminated', { cause: new RangeError('inner') }), {
    password: 's3cret',
  });
  const error = new ServiceError('store-unavailable', 'The store is away.', { cause });
  const sent = structuredClone(toThreadError(error));
  t.notMatch(JSON.stringify(sent), /s3cret/);
  const received = fromThreadError(sent);
  t.match(received, { code: 'store-unavailable', message: 'The store is away.', stack: error.stack });
  t.match(received.cause, { name: 'TypeError', message: 'terminated', stack: cause.stack });
  t.match((received.cause as Error).cause, { name: 'RangeError', message: 'inner' });
  t.end();
});
