import t from 'tap';
import { UncheckedPartitions } from '../../src/app/unchecked-partitions.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { createLogger } from '../../src/base/logger.ts';
import { eventually } from '../../tools/support/eventually.ts';

const logger = createLogger('silent');
const backoff = { baseMs: 1, factor: 1, capMs: 1 };

await t.test('partitions are checked as soon as each can be read', async (t) => {
  const offline = new Set([2, 3]);
  const checked: number[] = [];
  const unchecked = new UncheckedPartitions({
    partitions: [2, 3],
    verify: (partitions, onUnavailable) => {
      for (const partition of partitions) {
        if (offline.has(partition)) onUnavailable(partition, new Error('no leader'));
        else checked.push(partition);
      }
      return Promise.resolve();
    },
    ...{ logger, backoff },
  });
  unchecked.start();
  t.teardown(() => unchecked.stop());
  offline.delete(3);
  await eventually(() => checked.length === 1, { what: 'partition 3 to be checked' });
  offline.delete(2);
  await eventually(() => checked.length === 2, { what: 'partition 2 to be checked' });
  t.same(checked, [3, 2], 'each once');
});

await t.test('a partition that does not match the store ends the service', async (t) => {
  const unchecked = new UncheckedPartitions({
    partitions: [2],
    verify: () => Promise.reject(new ServiceError('log-mismatch', 'Records are gone.')),
    ...{ logger, backoff },
  });
  unchecked.start();
  t.match(await unchecked.failed, { code: 'log-mismatch' });
  await unchecked.stop();
});

await t.test('a stop ends the checks', async (t) => {
  let checks = 0;
  const unchecked = new UncheckedPartitions({
    partitions: [2],
    verify: () => {
      checks += 1;
      return Promise.reject(new ServiceError('log-unavailable', 'The brokers are away.'));
    },
    ...{ logger, backoff },
  });
  unchecked.start();
  await eventually(() => checks > 2, { what: 'several checks' });
  await unchecked.stop();
  const before = checks;
  await new Promise((resolve) => setImmediate(resolve));
  t.equal(checks, before);
});
