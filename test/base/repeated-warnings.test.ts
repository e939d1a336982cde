import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { throttleWarnings } from '../../src/base/repeated-warnings.ts';

const MINUTE_MS = 60_000;

await t.test('equal warnings are written once a minute, with the number of those left out', async (t) => {
  let now = 0;
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const logger = createLogger('info', stream, { logMethod: throttleWarnings(() => now) });
  const take = () => lines.splice(0).map(({ msg, code, repeated }) => ({ msg, code, repeated }));

  for (let n = 0; n < 800; n++) logger.warn({ code: 'log-full', requestId: n }, 'request refused');
  t.same(take(), [{ msg: 'request refused', code: 'log-full', repeated: undefined }]);

  logger.warn({ code: 'store-unavailable' }, 'request refused');
  logger.warn({ err: new ServiceError('log-full', 'Full.') }, 'a batch step failed');
  logger.warn({ err: new ServiceError('log-timeout', 'Late.') }, 'a batch step failed');
  logger.warn('text alone');
  logger.warn('text alone');
  t.equal(take().length, 4, 'other kinds are written');

  now = MINUTE_MS;
  logger.warn({ code: 'log-full', requestId: 'next' }, 'request refused');
  logger.warn('text alone');
  t.same(take(), [
    { msg: 'request refused', code: 'log-full', repeated: 799 },
    { msg: 'text alone', code: undefined, repeated: 1 },
  ]);
  now = 2 * MINUTE_MS;
  logger.warn({ code: 'log-full' }, 'request refused');
  t.same(take(), [{ msg: 'request refused', code: 'log-full', repeated: undefined }], 'none was left out');

  for (let n = 0; n < 3; n++) logger.error('an error');
  for (let n = 0; n < 3; n++) logger.info('news');
  t.equal(take().length, 6, 'only warnings are left out');
});
