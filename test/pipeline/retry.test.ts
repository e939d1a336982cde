import { mock } from 'node:test';
import t, { type Test } from 'tap';
import { retryUntilDone, type RetryOptions } from '../../src/pipeline/retry.ts';

/** Every pause is as long as its backoff allows. */
function withoutJitter(t: Test) {
  const random = mock.method(Math, 'random', () => 1);
  t.teardown(() => random.mock.restore());
  return random;
}

function options(changes: Partial<RetryOptions> = {}): RetryOptions {
  return {
    backoffFor: () => ({ baseMs: 1, factor: 2, capMs: 5 }),
    signal: new AbortController().signal,
    isRetryable: () => true,
    onRetry: () => undefined,
    ...changes,
  };
}

await t.test('an attempt is repeated until it succeeds, and every retry is reported', async (t) => {
  const retries: number[] = [];
  let calls = 0;
  const result = await retryUntilDone(
    () => (++calls < 4 ? Promise.reject(new Error('down')) : Promise.resolve('done')),
    options({ onRetry: (_, attempt) => retries.push(attempt) }),
  );
  t.equal(result, 'done');
  t.same(retries, [1, 2, 3]);
});

await t.test('the pause grows exponentially up to its cap, with full jitter', async (t) => {
  const random = withoutJitter(t);
  let calls = 0;
  const startedAt = performance.now();
  await retryUntilDone(
    () => (++calls < 5 ? Promise.reject(new Error('down')) : Promise.resolve()),
    options({ backoffFor: () => ({ baseMs: 20, factor: 2, capMs: 50 }) }),
  );
  t.equal(random.mock.callCount(), 4, 'every pause is random');
  t.ok(performance.now() - startedAt >= 20 + 40 + 50 + 50 - 5, 'the pauses are 20, 40, 50 and 50 ms');
});

await t.test('an error that is not retryable is thrown at once', async (t) => {
  let calls = 0;
  const attempt = () => {
    calls += 1;
    return Promise.reject(new Error('never'));
  };
  await t.rejects(retryUntilDone(attempt, options({ isRetryable: () => false })), { message: 'never' });
  t.equal(calls, 1);
});

await t.test('each error chooses its backoff', async (t) => {
  withoutJitter(t);
  const errors = ['quick', 'slow', 'quick'];
  const asked: string[] = [];
  const startedAt = performance.now();
  await retryUntilDone(
    () => {
      const message = errors.shift();
      return message === undefined ? Promise.resolve() : Promise.reject(new Error(message));
    },
    options({
      backoffFor: ({ message }) => {
        asked.push(message);
        return { baseMs: message === 'slow' ? 60 : 0, factor: 1, capMs: 1_000 };
      },
    }),
  );
  const tookMs = performance.now() - startedAt;
  t.ok(tookMs >= 55, `one pause of 60 ms (${tookMs})`);
  t.same(asked, ['quick', 'slow', 'quick'], 'the backoff is chosen for each error');
});

await t.test('an abort ends a long pause and throws the last error, without one more attempt', async (t) => {
  withoutJitter(t);
  const controller = new AbortController();
  let calls = 0;
  const retrying = retryUntilDone(
    () => {
      calls += 1;
      return Promise.reject(new Error('still down'));
    },
    options({
      backoffFor: () => ({ baseMs: 60_000, factor: 1, capMs: 60_000 }),
      signal: controller.signal,
      onRetry: () => setImmediate(() => controller.abort()),
    }),
  );
  await t.rejects(retrying, { message: 'still down' });
  t.equal(calls, 1);
});
